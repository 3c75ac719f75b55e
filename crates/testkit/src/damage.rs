//! Ways to damage an artifact.

use mercato::{ErrorCode, Result, Rng};

const HEADER: usize = 64;
const ENTRY: usize = 64;

/// Checks that every single-byte flip of `good` is refused as `corrupt_artifact`. Each byte is
/// flipped in each of its bits when the file is small, else in one.
///
/// # Panics
/// When damage goes unnoticed.
pub fn every_flip_is_an_error<T>(good: &[u8], open: impl Fn(&[u8]) -> Result<T>) {
    let bits = if good.len() < 8192 { 8 } else { 1 };
    let mut bad = good.to_vec();
    for at in 0..good.len() {
        for bit in 0..bits {
            let mask = 1u8 << ((bit + at) % 8);
            bad[at] ^= mask;
            expect_corrupt(open(&bad), &format!("byte {at} xor {mask:#04x}"));
            bad[at] ^= mask;
        }
    }
}

/// Checks that a file that is cut anywhere, or has bytes behind its end, is refused.
///
/// # Panics
/// When damage goes unnoticed.
pub fn every_cut_is_an_error<T>(good: &[u8], open: impl Fn(&[u8]) -> Result<T>) {
    // Every length near the ends and the section boundaries, others in steps.
    let step = (good.len() / 2000).max(1);
    let lengths = (0..good.len()).filter(|l| l % step == 0 || l % 64 < 2 || *l < 512);
    for len in lengths {
        expect_corrupt(open(&good[..len]), &format!("cut to {len} bytes"));
    }
    let mut longer = good.to_vec();
    longer.push(0);
    expect_corrupt(open(&longer), "one byte longer");
}

fn expect_corrupt<T>(opened: Result<T>, damage: &str) {
    match opened {
        Ok(_) => panic!("{damage} goes unnoticed"),
        Err(e) => assert_eq!(e.code(), ErrorCode::CorruptArtifact, "{damage}: {e}"),
    }
}

/// Makes all checksums and the length of a damaged artifact good again, so that the damage reaches
/// the code behind them. Bytes that are no artifact at all are left as they are.
pub fn reseal(bytes: &mut [u8]) {
    if bytes.len() < HEADER {
        return;
    }
    let sections = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes"));
    let table_end = (sections as usize).saturating_mul(ENTRY).saturating_add(HEADER);
    if table_end > bytes.len() {
        return;
    }
    for row in (HEADER..table_end).step_by(ENTRY) {
        let number = |at: usize| {
            let raw = bytes[at..at + 8].try_into().expect("eight bytes");
            usize::try_from(u64::from_le_bytes(raw)).unwrap_or(usize::MAX)
        };
        let (offset, len) = (number(row + 32), number(row + 40));
        let section = offset.checked_add(len).and_then(|end| bytes.get(offset..end));
        if let Some(section) = section {
            let crc = crc32fast::hash(section);
            bytes[row + 48..row + 52].copy_from_slice(&crc.to_le_bytes());
        }
    }
    let len = bytes.len() as u64;
    bytes[48..56].copy_from_slice(&len.to_le_bytes());
    let table = crc32fast::hash(&bytes[HEADER..table_end]);
    bytes[56..60].copy_from_slice(&table.to_le_bytes());
    let header = crc32fast::hash(&bytes[..60]);
    bytes[60..64].copy_from_slice(&header.to_le_bytes());
}

/// A copy of `good` with one to eight random changes: flips, small and extreme numbers, copied
/// ranges.
#[must_use]
pub fn mutated(good: &[u8], rng: &mut Rng) -> Vec<u8> {
    const NUMBERS: [u64; 8] =
        [0, 1, 0x7F, 0xFF, 0xFFFF_FFFF, u64::MAX, 1 << 63, 0x7FF0_0000_0000_0000];
    let mut bad = good.to_vec();
    for _ in 0..=rng.below(8) {
        let at = rng.below(bad.len() as u64) as usize;
        match rng.below(4) {
            0 => bad[at] ^= 1 << rng.below(8),
            1 => bad[at] = rng.next_u64() as u8,
            2 => {
                let number = NUMBERS[rng.below(8) as usize].to_le_bytes();
                let width = (1usize << rng.below(4)).min(bad.len() - at);
                bad[at..at + width].copy_from_slice(&number[..width]);
            }
            _ => {
                let from = rng.below(bad.len() as u64) as usize;
                let len = (rng.below(32) as usize).min(bad.len() - at.max(from));
                bad.copy_within(from..from + len, at);
            }
        }
    }
    bad
}
