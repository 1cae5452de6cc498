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
