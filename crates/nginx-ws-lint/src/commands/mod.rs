//! One file a command, and how all of them write.

pub(crate) mod explain;
pub(crate) mod lint;
pub(crate) mod rules;

use std::io::{self, BufWriter, ErrorKind, Write};

use crate::error::Error;

/// Writes to standard output. A reader that has seen enough (`| head`) is no error and changes no exit code.
fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Write(error)),
        _ => Ok(()),
    }
}
