//! Ports on which nginx may listen.
//!
//! nginx opens its ports itself, a moment after they are found free. So that no other process of this harness takes one
//! in between, each process has blocks of ports to itself, by locks on files that end with it.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{env, io, process};

/// Below the range from which systems take the ports of outgoing connections: else a connection of a neighbour would
/// now and then have the port between the moment it is found free and the moment nginx opens it.
const FIRST: u16 = 12_000;
const BLOCKS: u16 = 180;
const BLOCK: u16 = 100;

/// The blocks of this process.
#[derive(Debug)]
struct Owned {
    /// Their numbers, with the locks that are held as long as the process lives.
    blocks: Vec<(u16, Option<File>)>,
    /// How many ports were given out.
    given: u16,
}

/// A port of 127.0.0.1 that is free, and that nobody else in this process gets before all others were given out.
pub(crate) fn free_port() -> io::Result<u16> {
    static OWNED: Mutex<Owned> = Mutex::new(Owned { blocks: Vec::new(), given: 0 });
    let mut owned = OWNED.lock().unwrap_or_else(PoisonError::into_inner);
    // Twice around: ports come back into use when the nginx before has ended.
    for _ in 0..2 {
        let all = u16::try_from(owned.blocks.len()).unwrap_or(BLOCKS) * BLOCK;
        for _ in 0..all {
            let at = owned.given % all;
            owned.given = (at + 1) % all;
            let Some((block, _)) = owned.blocks.get(usize::from(at / BLOCK)) else { continue };
            let port = FIRST + block * BLOCK + at % BLOCK;
            if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(port);
            }
        }
        if owned.blocks.len() >= usize::from(BLOCKS) {
            break;
        }
        let block = another(&owned.blocks, &env::temp_dir());
        // The new one is where the search goes on.
        owned.given = all;
        owned.blocks.push(block);
    }
    Err(io::Error::other("no port is free"))
}

/// A block that no other process has; where locks cannot be had, one that is likely to be free.
fn another(mine: &[(u16, Option<File>)], folder: &Path) -> (u16, Option<File>) {
    let start = u16::try_from(process::id() % u32::from(BLOCKS)).unwrap_or_default();
    let all = (0..BLOCKS).map(|step| (start + step) % BLOCKS);
    let mut free = all.filter(|block| mine.iter().all(|(one, _)| one != block));
    let likely = free.clone().next().unwrap_or(start);
    let locked = free.find_map(|block| {
        let path = folder.join(format!("nginx-proof-ports-{block}.lock"));
        // Reading is enough for a lock, and what somebody else has made can often not be written.
        let file = File::open(&path).or_else(|_| File::create(&path)).ok()?;
        file.try_lock().ok().map(|()| (block, Some(file)))
    });
    locked.unwrap_or((likely, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_port_is_given_to_one_only() {
        let ports: BTreeSet<u16> = (0..50).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 50);
        assert!(ports.iter().all(|port| (FIRST..FIRST + BLOCKS * BLOCK).contains(port)));
    }

    #[test]
    fn a_block_that_is_locked_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (first, _lock) = another(&[], folder.path());
        let (second, other) = another(&[], folder.path());
        assert!(first != second && other.is_some());
    }
}
