//! Brings the loopback interface of a new network namespace up and makes every IPv4 address its own, by rtnetlink
//! messages (rtnetlink(7)). So a resolver that the host's configuration names is the sandbox's, whatever its address.

use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, socket};
use std::fs::File;
use std::io::{Error, Read, Result, Write};

const RTM_NEWLINK: u16 = 16;
const RTM_NEWROUTE: u16 = 24;
const NLM_F_REQUEST_ACK: u16 = 1 | 4;
const NLM_F_CREATE: u16 = 0x400;
const IFF_UP: u32 = 1;
const NLMSG_ERROR: u16 = 2;
/// The interface with index 1 is always loopback.
const LOOPBACK: i32 = 1;

/// Sets loopback up.
pub(super) fn up() -> Result<()> {
    // struct ifinfomsg: family and padding, type, index, flags, mask of flags.
    let mut body = vec![0; 4];
    body.extend(LOOPBACK.to_ne_bytes());
    body.extend(IFF_UP.to_ne_bytes());
    body.extend(IFF_UP.to_ne_bytes());
    ask(RTM_NEWLINK, 0, &body)
}

/// Makes every IPv4 address local.
pub(super) fn own_everything() -> Result<()> {
    const AF_INET: u8 = 2;
    const RT_TABLE_LOCAL: u8 = 255;
    const RTPROT_BOOT: u8 = 3;
    const RT_SCOPE_HOST: u8 = 254;
    const RTN_LOCAL: u8 = 2;
    const RTA_OIF: u16 = 4;
    // struct rtmsg: family, lengths of destination and source (0: all), tos, table, protocol, scope, type, flags.
    let mut body = vec![AF_INET, 0, 0, 0, RT_TABLE_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL, 0, 0, 0, 0];
    // struct rtattr: length, type, then the interface.
    body.extend(8u16.to_ne_bytes());
    body.extend(RTA_OIF.to_ne_bytes());
    body.extend(LOOPBACK.to_ne_bytes());
    ask(RTM_NEWROUTE, NLM_F_CREATE, &body)
}

/// Kinds of interfaces that stand in for those of a host, by preference: any will do, and a kernel may lack some.
const KINDS: [&[u8]; 2] = [b"dummy", b"bridge"];

/// Makes interfaces of these names. What cannot be made is left out: who asks for it hears that it is not there.
pub(super) fn interfaces(names: &[String]) {
    for name in names {
        let _ = KINDS.iter().any(|kind| interface(name, kind).is_ok());
    }
}

fn interface(name: &str, kind: &[u8]) -> Result<()> {
    const IFLA_IFNAME: u16 = 3;
    const IFLA_LINKINFO: u16 = 18;
    const IFLA_INFO_KIND: u16 = 1;
    const NLM_F_EXCL: u16 = 0x200;
    // struct ifinfomsg: nothing but what follows.
    let mut body = vec![0; 16];
    let mut terminated = name.as_bytes().to_vec();
    terminated.push(0);
    attribute(&mut body, IFLA_IFNAME, &terminated);
    let mut info = Vec::new();
    attribute(&mut info, IFLA_INFO_KIND, kind);
    attribute(&mut body, IFLA_LINKINFO, &info);
    ask(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &body)
}

/// struct rtattr: length, type, value, up to the next multiple of four bytes.
fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.extend((4 + value.len() as u16).to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

/// Sends one request and reads its acknowledgement.
fn ask(kind: u16, flags: u16, body: &[u8]) -> Result<()> {
    let socket =
        socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
    let mut socket = File::from(socket);
    let mut message = Vec::with_capacity(64);
    // struct nlmsghdr: length, type, flags, sequence, port.
    message.extend((16 + body.len() as u32).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST_ACK | flags).to_ne_bytes());
    message.extend([0; 8]);
    message.extend(body);
    socket.write_all(&message)?;
    // struct nlmsgerr: errno (negated; 0 acknowledges) right after the header.
    let mut answer = [0; 128];
    let count = socket.read(&mut answer)?;
    let kind = u16::from_ne_bytes([answer[4], answer[5]]);
    if count < 20 || kind != NLMSG_ERROR {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    match i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]) {
        0 => Ok(()),
        error => Err(Error::from_raw_os_error(-error)),
    }
}
