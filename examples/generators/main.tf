# The addresses would be those of resources, such as hcloud_server.web[n].ipv4_address.
output "hosts" {
  value = {
    for n in range(2) : "web${n + 1}" => {
      os      = "debian-12"
      arch    = "x86_64"
      address = "192.0.2.${n + 1}"
      tags    = ["web"]
    }
  }
}
