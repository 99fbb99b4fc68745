//! Many nginx files into one configuration: what is in effect where.
//!
//! Knows files only through [`Files`], and nothing of WebSockets. [`load`] turns paths into layouts; a [`Configuration`]
//! is a layout with the files it points into; [`effective`] answers what holds in a context and says why.

mod balancing;
pub mod budgets;
pub mod catalogue;
mod certificate;
mod charts;
mod compiled;
mod configuration;
mod containers;
pub mod defaults;
pub mod dispatch;
mod distribution;
mod effective;
mod exchange;
mod exclude;
mod files;
mod header_buffers;
mod include;
mod load;
mod location;
#[cfg(feature = "mistakes")]
pub mod mistakes;
#[cfg(not(feature = "mistakes"))]
mod mistakes;
mod mounted;
mod names;
mod naming;
mod nesting;
mod parallel;
mod past;
mod path;
pub mod pattern;
pub mod placeholder;
mod relinked;
mod repository;
mod required;
mod rivals;
mod server;
pub mod size;
mod slashes;
mod sources;
pub mod time;
mod upstream;
mod variables;
mod version;
mod views;
mod vocabulary;

pub use balancing::{Balancing, Method};
pub use catalogue::DirectiveName;
pub use certificate::{CertificateFile, PemFault};
pub use compiled::is_compiled;
pub use configuration::{
    Configuration, Context, ContextId, ContextKind, Directive, DirectiveRef, Fragment, Gap, GapReason, Gaps,
    IncludeFailure, IncludeProblem, IncludingHeaders, Layout, Presence, Unset,
};
pub use containers::Containers;
pub use effective::{Declared, Effective, declared, effective, levels};
pub use exchange::{
    Answer, AnsweredBy, BackEnd, CHANGES, ClientRequest, Effort, Ending, Exchange, Exchanges, HeaderSource,
    Headers, Obstacle, Passed, Premises, Step, UpstreamFields, UpstreamHeader, UpstreamRequest,
    UpstreamVersion, Way,
};
pub use exclude::{BadPattern, PathPattern};
pub use files::{Files, MemoryFiles, Met, MetKind, Overlay, Owner, ReadError, normalize};
pub use header_buffers::HeaderBuffer;
pub use include::{PathMap, Scope, is_inside};
pub use load::{
    Belonging, FileReport, FileStatus, Loaded, Reloaded, SkipReason, Skipped, load, load_main, load_with,
};
pub use location::{LocationName, Locations, Modifier, Selection};
pub use naming::{OtherKind, is_passed_over};
pub use nesting::{Nesting, misplaced_location, misplaced_uri};
pub use nginx_forms::envsubst::{Misread, misreads};
pub use nginx_forms::{Controller, Rendered, is_dump};
pub use nginx_syntax::{FileId, Place};
pub use parallel::{in_parallel, in_parts};
pub use past::Past;
pub use path::{normalize_path, normalize_path_as};
pub use repository::{Followed, follow_links, named_identity, repository};
pub use required::raised;
pub use rivals::{LocationMiss, LocationRival, NameMiss, NameRival, location_rivals, name_rivals};
pub use server::{
    Listen, ListenAddress, NameMatch, ServerSelection, Socket, demands_certificate, first_server, listens,
    misdirecting, select_server, server_names, sockets,
};
pub use slashes::{root_of, slashed};
pub use sources::{SourceFile, Sources};
pub use upstream::{Pass, PassModule, Peer, Target, balancing, is_upstream_at_run_time, peers, upstream};
pub use variables::{
    Bytes, Cut, CutReason, Definition, Evaluator, Part, Parts, Request, Value, Variables, condition_words,
    has_regex_or_unseen, has_variables, parts, variable_names,
};
pub use version::{NginxVersion, ParseVersionError, VersionRange};
pub use views::{EditRefusal, Hosted, HostedEdit, Text};
pub use vocabulary::NginxVocabulary;
