//! The file of an `ssl_certificate`, as nginx reads it (`event/ngx_event_openssl.c:ngx_ssl_load_certificate`, OpenSSL's
//! `crypto/pem/pem_lib.c:PEM_read_bio_ex`): the certificates in it, and the first thing that is wrong with it.
//!
//! Only certificates are kept. A key that stands in the same file is skipped as OpenSSL skips it.

use data_encoding::{BASE64, Encoding};
use nginx_syntax::BYTE_ORDER_MARK;

/// What an `ssl_certificate` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFile {
    /// The certificates before the fault, in order, each as DER.
    pub certificates: Vec<Vec<u8>>,
    /// Why nginx refuses to load it, if it does.
    pub fault: Option<PemFault>,
    /// Whether it is the file that nginx opens, and not one in another place whose path ends like it.
    pub is_sure: bool,
}

/// Why nginx refuses to load a file; lines are 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PemFault {
    /// Not one byte but blanks: `no start line`.
    Empty,
    /// The binary form of a certificate: `no start line`.
    Der,
    /// Keys or other things, or lines that do not begin in the first column: `no start line`.
    NoCertificate,
    /// The line ends one block and begins the next: `bad end line`.
    Glued(usize),
    /// The line ends another block than the one that it stands in: `bad end line`.
    BadEnd(usize),
    /// The block that begins in the line has no end: `bad end line`.
    NoEnd(usize),
    /// What stands in the block that begins in the line is no base64: `bad base64 decode`.
    BadBase64(usize),
    /// What the block that begins in the line holds is no certificate, or ends before it: `too long`, `wrong tag`.
    Truncated(usize),
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const TAIL: &[u8] = b"-----";

/// A block that is being read.
struct Block<'b> {
    label: &'b [u8],
    line: usize,
    body: Vec<u8>,
}

impl CertificateFile {
    /// Reads it. `None` where the bytes are something that stands for the file and is replaced before nginx starts: a
    /// placeholder, a pointer to a large file, an encrypted secret.
    pub fn read(bytes: &[u8], is_sure: bool) -> Option<Self> {
        let mut this = Self { certificates: Vec::new(), fault: None, is_sure };
        this.fault = match bytes {
            blank if blank.iter().all(|byte| *byte <= b' ') => Some(PemFault::Empty),
            // A SEQUENCE of so many bytes that two tell their number.
            [0x30, 0x82, ..] => Some(PemFault::Der),
            text if memchr::memmem::find(text, b"-----BEGIN").is_none() => return None,
            text => this.read_blocks(text)?,
        };
        Some(this)
    }

    /// The first fault; `None` where a block is a placeholder.
    fn read_blocks(&mut self, text: &[u8]) -> Option<Option<PemFault>> {
        let encoding = lenient()?;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let mut open: Option<Block<'_>> = None;
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
            let line = line.trim_ascii_end();
            match open.take() {
                None => {
                    let label = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(TAIL));
                    open = label.map(|label| Block { label, line: number, body: Vec::new() });
                }
                Some(block) if line.starts_with(END) => {
                    if line.strip_prefix(END).and_then(|rest| rest.strip_suffix(TAIL)) != Some(block.label) {
                        let is_glued = memchr::memmem::find(line, BEGIN).is_some();
                        let fault = if is_glued { PemFault::Glued } else { PemFault::BadEnd };
                        return Some(Some(fault(number)));
                    }
                    if !self.wants(block.label) {
                        continue;
                    }
                    if !block.body.iter().all(may_be_meant_for_base64) {
                        return None;
                    }
                    match encoding.decode(&block.body) {
                        Err(_) => return Some(Some(PemFault::BadBase64(block.line))),
                        Ok(der) if !is_whole(&der) => return Some(Some(PemFault::Truncated(block.line))),
                        Ok(der) => self.certificates.push(der),
                    }
                }
                Some(mut block) => {
                    block.body.extend_from_slice(line);
                    open = Some(block);
                }
            }
        }
        let fault = match open {
            Some(block) => Some(PemFault::NoEnd(block.line)),
            None => self.certificates.is_empty().then_some(PemFault::NoCertificate),
        };
        Some(fault)
    }

    /// Whether OpenSSL takes a block for the next certificate: the first one is read with `PEM_read_bio_X509_AUX`, the
    /// others with `PEM_read_bio_X509`.
    fn wants(&self, label: &[u8]) -> bool {
        matches!(label, b"CERTIFICATE" | b"X509 CERTIFICATE")
            || label == b"TRUSTED CERTIFICATE" && self.certificates.is_empty()
    }
}

/// Base64 as OpenSSL takes it, which lets blanks and odd last bits pass.
fn lenient() -> Option<Encoding> {
    let mut specification = BASE64.specification();
    specification.check_trailing_bits = false;
    specification.ignore.push_str(" \t\r");
    specification.encoding().ok()
}

/// Dots, braces and the like belong to a placeholder: `...`, `{{ certificate }}`, `<your certificate>`.
fn may_be_meant_for_base64(byte: &u8) -> bool {
    !matches!(byte, b'.' | b'{' | b'}' | b'<' | b'>' | b'$' | b'[' | b']' | b'_' | b':')
}

/// Whether the bytes are as many as the outermost SEQUENCE says, or more.
fn is_whole(der: &[u8]) -> bool {
    let length = match der {
        [0x30, 0x81, length, ..] => usize::from(*length) + 3,
        [0x30, 0x82, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])) + 4,
        [0x30, length, ..] if *length < 0x80 => usize::from(*length) + 2,
        // Other forms of length, which certificates of any real size have not.
        [0x30, ..] => return true,
        _ => return false,
    };
    der.len() >= length
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A SEQUENCE with an INTEGER.
    const ONE: &str = "-----BEGIN CERTIFICATE-----\nMAMC\nAQU=\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

    fn read(text: &str) -> Option<(usize, Option<PemFault>)> {
        let file = CertificateFile::read(text.as_bytes(), true)?;
        Some((file.certificates.len(), file.fault))
    }

    #[test]
    fn what_openssl_takes_is_taken() {
        assert_eq!(read(ONE), Some((1, None)));
        assert_eq!(read(&format!("subject=x\n{KEY}{ONE}\n\n{ONE}the end")), Some((2, None)));
        assert_eq!(read(&ONE.replace('\n', "\r\n")), Some((1, None)));
        assert_eq!(read(&format!("\u{feff}{}", ONE.trim_end())), Some((1, None)));
        assert_eq!(read(&ONE.replace("MAMC\n", "\nMA MC  \n\n")), Some((1, None)));
        assert_eq!(read(&ONE.replace(" CERT", " X509 CERT")), Some((1, None)));
        let trusted = ONE.replace(" CERT", " TRUSTED CERT");
        assert_eq!(read(&format!("{trusted}{trusted}{ONE}")), Some((2, None)));
        let der = CertificateFile::read(ONE.as_bytes(), true).map(|file| file.certificates.concat());
        assert_eq!(der, Some(vec![0x30, 3, 2, 1, 5]));
    }

    #[test]
    fn what_openssl_refuses_is_refused() {
        use PemFault as F;
        for (text, certificates, fault) in [
            (" \n", 0, F::Empty),
            (KEY, 0, F::NoCertificate),
            (&ONE.replace("-----B", " -----B"), 0, F::NoCertificate),
            (&ONE.replace(" CERT", " NEW CERT"), 0, F::NoCertificate),
            (&format!("{}{ONE}", ONE.trim_end()), 0, F::Glued(4)),
            (&ONE.replace("END CERT", "END X509 CERT"), 0, F::BadEnd(4)),
            (&format!("{ONE}-----BEGIN CERTIFICATE-----\nMAMC\n"), 1, F::NoEnd(5)),
            (&format!("{ONE}{}", ONE.replace("MAMC", "MA!C")), 1, F::BadBase64(5)),
            (&ONE.replace("\nAQU=", ""), 0, F::Truncated(1)),
        ] {
            assert_eq!(read(text), Some((certificates, Some(fault))), "{text}");
        }
        let der = CertificateFile::read(&[0x30, 0x82, 1, 0, 0x30], true);
        assert_eq!(der.and_then(|file| file.fault), Some(F::Der));
    }

    #[test]
    fn what_stands_for_a_file_is_none() {
        for text in [
            "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1234\n",
            "\0GITCRYPT\0abc",
            "$ANSIBLE_VAULT;1.1;AES256\n3638\n",
            "{{ certificate }}\n",
            "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
