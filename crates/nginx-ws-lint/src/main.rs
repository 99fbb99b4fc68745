//! `nginx-ws-lint`. All of it is in the library, because two packages make a program of it: this one, and the one at the top
//! of the repository, which pre-commit compiles.

use std::process::ExitCode;

fn main() -> ExitCode {
    nginx_ws_lint::main()
}
