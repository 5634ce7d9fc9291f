//! Codes that only someone with the key can make: HMAC-SHA-256, checked in constant time.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Bytes of a code, as RFC 2104 allows it to be cut: half of the hash.
const CODE: usize = 16;

/// A key. Clones share it.
#[derive(Clone)]
pub struct Key(Arc<Hmac<Sha256>>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

impl Key {
    /// The key made of a secret: the same in each process that has it.
    pub fn new(secret: &[u8]) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(&Sha256::digest(secret));
        Self(Arc::new(Hmac::new(&block.into())))
    }

    /// A key of this process alone.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        Ok(Self::new(&secret))
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::clone(&self.0);
        mac.update(text.as_bytes());
        mac
    }

    /// The code of `text`, in hex.
    pub fn sign(&self, text: &str) -> String {
        let code = self.mac(text).finalize().into_bytes();
        format!("{:032x}", code[..CODE].iter().fold(0u128, |number, &byte| number << 8 | u128::from(byte)))
    }

    /// Returns true if `code` is that of `text`.
    pub fn verify(&self, text: &str, code: &str) -> bool {
        let plain = code.len() == 2 * CODE && code.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(code) = u128::from_str_radix(code, 16).ok().filter(|_| plain) else { return false };
        self.mac(text).verify_truncated_left(&code.to_be_bytes()).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_depends_on_key_and_text() {
        let key = Key::new(b"secret");
        let code = key.sign("text");
        assert!(code.len() == 32 && key.verify("text", &code) && Key::new(b"secret").verify("text", &code));
        assert!(
            !key.verify("texts", &code)
                && !Key::new(b"other").verify("text", &code)
                && !Key::random().unwrap().verify("text", &code)
        );
        for wrong in ["", "0", &code[1..], &format!("{code}00"), &format!("+{}", &code[1..])] {
            assert!(!key.verify("text", wrong), "{wrong}");
        }
    }
}
