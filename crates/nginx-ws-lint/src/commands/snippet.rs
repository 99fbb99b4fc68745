//! `snippet`: a configuration to copy.

use lint_engine::Wanted;
use nginx_semantics::VersionRange;

use crate::cli::SnippetArgs;
use crate::error::Error;
use crate::exit::Exit;

/// Prints it.
pub(crate) fn run(args: &SnippetArgs) -> Result<Exit, Error> {
    let wanted = Wanted {
        path: args.path.clone(),
        servers: args.servers.clone(),
        is_tls: args.tls,
        name: args.server_name.clone(),
        versions: args.nginx_version.unwrap_or(VersionRange::DISTRIBUTIONS),
        application: args.application,
        layers: args.layers.clone(),
    };
    let text = wanted.text().map_err(Error::Snippet)?;
    args.output.write(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Clean)
}
