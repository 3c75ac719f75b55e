//! Small changes beside an artifact: an append-only file of checksummed records.
//!
//! An artifact is never changed in place, and writing all of it anew for one changed row costs as
//! much as the model is large. A log takes the change alone; from time to time the artifact is saved with
//! all changes in it, and the log begins again.
//!
//! Layout, little-endian: a header of 20 bytes (magic, the fingerprint of the artifact, a CRC of both),
//! then records: the length, a CRC of the length and the record's number, a CRC of the bytes, the bytes.

use super::Artifact;
use crate::{Error, Result};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"MERCALOG";
const HEADER_LEN: usize = 20;
const FRAME_LEN: usize = 12;

/// An open log.
///
/// Invariant: the file holds a header and whole records up to `end`.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
    end: u64,
    records: u32,
}

fn header(fingerprint: u64) -> [u8; HEADER_LEN] {
    let mut out = [0; HEADER_LEN];
    out[..8].copy_from_slice(MAGIC);
    out[8..16].copy_from_slice(&fingerprint.to_le_bytes());
    let crc = crc32fast::hash(&out[..16]);
    out[16..20].copy_from_slice(&crc.to_le_bytes());
    out
}

fn frame(len: u32, number: u32, bytes: &[u8]) -> [u8; FRAME_LEN] {
    let mut place = [0; 8];
    place[..4].copy_from_slice(&len.to_le_bytes());
    place[4..].copy_from_slice(&number.to_le_bytes());
    let mut out = [0; FRAME_LEN];
    out[..4].copy_from_slice(&len.to_le_bytes());
    out[4..8].copy_from_slice(&crc32fast::hash(&place).to_le_bytes());
    out[8..].copy_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    out
}

impl Artifact {
    /// A number that tells this artifact from others of the same kind: from its length and its table
    /// of checksums, without reading the sections.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let bytes = self.bytes.as_slice().get(self.base..).unwrap_or_default();
        let header = bytes.get(..super::HEADER_LEN).unwrap_or_default();
        u64::from(crc32fast::hash(header)) << 32 | bytes.len() as u64 & 0xffff_ffff
    }

    /// Bytes from its beginning to the end of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.bytes.as_slice().len() - self.base) as u64
    }
}

impl Log {
    /// Begins the log of a new artifact, in the place of whatever is there.
    ///
    /// # Errors
    /// `io`.
    pub fn begin(path: impl AsRef<Path>, fingerprint: u64) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let file = File::create(&path).map_err(|e| Error::io("begin", &path, e))?;
        let mut log = Self { file, path, end: 0, records: 0 };
        log.restart(fingerprint)?;
        Ok(log)
    }

    /// Opens the log of the artifact with this fingerprint, or begins it; gives the records that
    /// are in it, in order. What a process that died left unfinished at the end is cut off. A log
    /// of another artifact is begun anew: whoever saved that artifact put the changes into it.
    ///
    /// # Errors
    /// `io`; `corrupt_artifact` for a damaged record.
    pub fn open(path: impl AsRef<Path>, fingerprint: u64) -> Result<(Self, Vec<Vec<u8>>)> {
        let path = path.as_ref().to_owned();
        let io = |e| Error::io("open", &path, e);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let mut log = Self { file, path: path.clone(), end: 0, records: 0 };
        let ours = header(fingerprint);
        if bytes.get(..HEADER_LEN) != Some(&ours) {
            if bytes.len() >= HEADER_LEN
                && (bytes[..8] != *MAGIC
                    || bytes[16..20] != crc32fast::hash(&bytes[..16]).to_le_bytes())
            {
                let what = format!("{} is not a log, or is damaged", path.display());
                return Err(Error::corrupt(what));
            }
            log.restart(fingerprint)?;
            return Ok((log, Vec::new()));
        }
        let mut records = Vec::new();
        let mut at = HEADER_LEN;
        while let Some(given) = bytes.get(at..at + FRAME_LEN) {
            let len = u32::from_le_bytes([given[0], given[1], given[2], given[3]]);
            let damaged = || {
                let what = format!("record {} of {} is damaged", records.len(), path.display());
                Error::corrupt(what).with("path", path.display())
            };
            let number = records.len() as u32;
            if given[..8] != frame(len, number, &[])[..8] {
                return Err(damaged());
            }
            let start = at + FRAME_LEN;
            let Some(record) = bytes.get(start..start.saturating_add(len as usize)) else { break };
            if *given != frame(len, number, record) {
                return Err(damaged());
            }
            records.push(record.to_vec());
            at = start + len as usize;
        }
        log.end = at as u64;
        log.records = records.len() as u32;
        log.file.set_len(log.end).map_err(io)?;
        Ok((log, records))
    }

    /// Appends a record; it is on disk when this returns.
    ///
    /// # Errors
    /// `io`; `invalid_input` for a record of 4 GiB or more. The log is then as it was.
    pub fn append(&mut self, record: &[u8]) -> Result<()> {
        let len = u32::try_from(record.len())
            .map_err(|_| Error::invalid_input("a record of a log must be below 4 GiB"))?;
        let mut bytes = Vec::with_capacity(FRAME_LEN + record.len());
        bytes.extend_from_slice(&frame(len, self.records, record));
        bytes.extend_from_slice(record);
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(&bytes))
            .and_then(|()| self.file.sync_data());
        if let Err(e) = written {
            // What cannot be taken back is cut off when the log is next opened, or damaged then.
            let _ = self.file.set_len(self.end);
            return Err(Error::io("append to", &self.path, e));
        }
        self.end += bytes.len() as u64;
        self.records += 1;
        Ok(())
    }

    /// Begins anew, beside an artifact that has all changes in it.
    ///
    /// # Errors
    /// `io`.
    pub fn restart(&mut self, fingerprint: u64) -> Result<()> {
        let written = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)))
            .and_then(|_| self.file.write_all(&header(fingerprint)))
            .and_then(|()| self.file.sync_data());
        written.map_err(|e| Error::io("begin", &self.path, e))?;
        (self.end, self.records) = (HEADER_LEN as u64, 0);
        Ok(())
    }

    /// How many records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records as usize
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Bytes in the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_cut_anywhere_holds_every_whole_record() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (mut log, none) = Log::open(&path, 7).unwrap();
        assert!(none.is_empty() && log.is_empty());
        let records: Vec<Vec<u8>> = (0..5u8).map(|i| vec![i; usize::from(i) * 3]).collect();
        let mut ends = vec![log.bytes()];
        for record in &records {
            log.append(record).unwrap();
            ends.push(log.bytes());
        }
        let bytes = std::fs::read(&path).unwrap();
        for cut in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let whole = ends.iter().skip(1).filter(|e| **e <= cut as u64).count();
            let (mut log, read) = Log::open(&path, 7).unwrap();
            assert_eq!(read, records[..whole], "cut at {cut}");
            // It goes on from there.
            log.append(b"more").unwrap();
            assert_eq!(Log::open(&path, 7).unwrap().1.last().unwrap(), b"more");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            std::fs::write(&path, &damaged).unwrap();
            assert!(Log::open(&path, 7).is_err(), "byte {at}");
        }
        std::fs::write(&path, &bytes).unwrap();
        assert!(Log::open(&path, 8).unwrap().1.is_empty(), "another artifact's log begins anew");
    }
}
