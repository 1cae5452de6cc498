//! What a copied file is: an ELF program for some machine, a script, or neither.

use cmc_types::Arch;

/// What a file is, from its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An ELF file for this architecture.
    Elf(Arch),
    /// An ELF file for a machine that cmc knows by its number only.
    OtherElf(u16),
    /// It begins with `#!`.
    Script,
    /// Anything else.
    Other,
}

/// `e_machine`, class (1: 32 bits, 2: 64 bits) and data encoding (1: little endian) of each architecture.
const MACHINES: [(u16, u8, u8, Arch); 7] = [
    (62, 2, 1, Arch::X86_64),
    (183, 2, 1, Arch::Aarch64),
    (40, 1, 1, Arch::Armv7l),
    (3, 1, 1, Arch::I686),
    (243, 2, 1, Arch::Riscv64),
    (21, 2, 1, Arch::Ppc64le),
    (22, 2, 2, Arch::S390x),
];

/// Reads the kind from the first bytes (20 are enough) of a file.
pub(crate) fn kind(head: &[u8]) -> Kind {
    if head.starts_with(b"#!") {
        return Kind::Script;
    }
    let (Some(b"\x7fELF"), Some(header)) = (head.get(..4), head.get(..20)) else { return Kind::Other };
    let (class, data) = (header[4], header[5]);
    let bytes = [header[18], header[19]];
    let machine = if data == 2 { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
    let known = MACHINES
        .iter()
        .find(|(number, bits, encoding, _)| (*number, *bits, *encoding) == (machine, class, data));
    known.map_or(Kind::OtherElf(machine), |(.., arch)| Kind::Elf(*arch))
}

/// Whether a host of an architecture runs programs for another: 64-bit x86 and ARM run those for 32 bits.
pub(crate) fn runs(host: Arch, program: Arch) -> bool {
    host == program || matches!((host, program), (Arch::X86_64, Arch::I686) | (Arch::Aarch64, Arch::Armv7l))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_told_by_number_class_and_byte_order() {
        let header = |class, data, machine: [u8; 2]| {
            let mut header = [0; 20];
            header[..4].copy_from_slice(b"\x7fELF");
            (header[4], header[5]) = (class, data);
            header[18..].copy_from_slice(&machine);
            header
        };
        assert_eq!(kind(&header(2, 1, [62, 0])), Kind::Elf(Arch::X86_64));
        assert_eq!(kind(&header(2, 1, [183, 0])), Kind::Elf(Arch::Aarch64));
        assert_eq!(kind(&header(2, 2, [0, 22])), Kind::Elf(Arch::S390x));
        assert_eq!(kind(&header(2, 2, [0, 21])), Kind::OtherElf(21), "big-endian POWER is another machine");
        assert_eq!(kind(b"#!/bin/sh\n"), Kind::Script);
        assert_eq!(kind(b"\x7fELF"), Kind::Other);
        assert!(runs(Arch::X86_64, Arch::I686) && !runs(Arch::I686, Arch::X86_64));
    }
}
