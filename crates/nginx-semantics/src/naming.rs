//! What the names of files and folders say: which may be nginx's own, which are of another kind, which folders nobody keeps
//! configuration in.

use std::ffi::OsStr;
use std::path::{Component, Path};

/// Folders whose files need no extension.
const CONFIGURATION_FOLDERS: [&str; 2] = ["conf.d", "snippets"];

/// Folders (of a worktree of git: a file) of version control at the top of a repository; what is in them is no text of the
/// tree, and may be a token.
pub(crate) const REPOSITORIES: [&str; 7] = [".bzr", ".git", ".hg", ".jj", ".pijul", ".svn", "_darcs"];

/// Folders of version control that say nothing about the top, for every folder has one.
const VERSION_CONTROL: [&str; 1] = ["CVS"];

/// Folders of what a tree needs and what is made of it, kept by tools.
const KEPT_BY_TOOLS: [&str; 15] = [
    ".cache",
    ".direnv",
    ".gradle",
    ".mypy_cache",
    ".pytest_cache",
    ".terraform",
    ".tox",
    ".venv",
    "__pycache__",
    "bower_components",
    "node_modules",
    "site-packages",
    "target",
    "vendor",
    "venv",
];

/// Whether a folder below one that was given is not looked into.
pub fn is_passed_over(folder: &OsStr) -> bool {
    is_version_control(folder) || KEPT_BY_TOOLS.iter().any(|name| folder == *name)
}

/// Whether a name is that of a folder of version control.
pub(crate) fn is_version_control(name: &OsStr) -> bool {
    REPOSITORIES.iter().chain(&VERSION_CONTROL).any(|known| name == *known)
}

/// Whether a file, by its path from a given folder, may be read because a configuration names it: not what belongs to
/// version control, and behind a hidden name, which may hide a password (`.env`), only what has a name of nginx's.
pub(crate) fn is_open_to_includes(rest: &Path) -> bool {
    let is_hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
    is_out_of_version_control(rest) && (!rest.components().any(is_hidden) || is_configuration(rest))
}

/// Whether no part of a path belongs to version control.
pub(crate) fn is_out_of_version_control(rest: &Path) -> bool {
    !rest.components().any(|part| is_version_control(part.as_os_str()))
}

/// Whether a walked file may hold nginx configuration, by its name.
pub(crate) fn is_configuration(path: &Path) -> bool {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy()) else { return false };
    if name.starts_with("nginx.conf") {
        return true;
    }
    match path.extension() {
        Some(extension) => matches!(extension.to_string_lossy().as_ref(), "conf" | "nginx" | "vhost"),
        None if name.starts_with('.') => false,
        None => path.parent().is_some_and(|folder| {
            folder.components().any(|part| {
                let part = part.as_os_str().to_string_lossy();
                part.starts_with("sites-") || CONFIGURATION_FOLDERS.contains(&part.as_ref())
            })
        }),
    }
}

/// Whether a file lies in a folder that is kept aside under another name, as files are: `conf.d.bak`. A folder that is
/// called `backup` and nothing else may be anything.
pub(crate) fn is_set_aside(path: &Path) -> bool {
    const ENDINGS: [&str; 7] = ["backup", "bak", "disabled", "old", "orig", "save", "saved"];
    let folders = path.parent().into_iter().flat_map(Path::components);
    folders
        .map(|part| part.as_os_str().to_string_lossy().to_ascii_lowercase())
        .any(|name| name.trim_start_matches('.').split('.').skip(1).any(|part| ENDINGS.contains(&part)))
}

/// Whether the name is that of a part of something: `ws.inc`.
pub(crate) fn is_part_by_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "inc" || extension == "include")
}

/// Whether the name is one of nginx's with something around it: `app.conf.bak`, `nginx-default`.
pub(crate) fn is_near_configuration(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name.contains(".conf") || name.contains(".vhost") || name.contains("nginx")
}

/// A kind of file that is not read as nginx configuration, although it may hold some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherKind {
    /// A build file of an image.
    Dockerfile,
    /// A page of HTML.
    Html,
    /// JSON.
    Json,
    /// A page of text with marks: Markdown, `reStructuredText`, `AsciiDoc`.
    Markup,
    /// A module of Nix.
    Nix,
    /// A patch.
    Patch,
    /// A manifest of Puppet.
    Puppet,
    /// A script of a shell.
    Shell,
    /// A program.
    SourceCode,
    /// Terraform, or another file of HCL.
    Terraform,
    /// TOML, or an INI file.
    Toml,
    /// XML.
    Xml,
    /// YAML.
    Yaml,
}

impl OtherKind {
    /// Kebab-case, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Html => "html",
            Self::Json => "json",
            Self::Markup => "markup",
            Self::Nix => "nix",
            Self::Patch => "patch",
            Self::Puppet => "puppet",
            Self::Shell => "shell-script",
            Self::SourceCode => "source-code",
            Self::Terraform => "terraform",
            Self::Toml => "toml",
            Self::Xml => "xml",
            Self::Yaml => "yaml",
        }
    }

    /// For people: one of them, several.
    pub const fn nouns(self) -> (&'static str, &'static str) {
        match self {
            Self::Dockerfile => ("Dockerfile", "Dockerfiles"),
            Self::Html => ("page of HTML", "pages of HTML"),
            Self::Json => ("JSON file", "JSON files"),
            Self::Markup => ("page of documentation", "pages of documentation"),
            Self::Nix => ("Nix file", "Nix files"),
            Self::Patch => ("patch", "patches"),
            Self::Puppet => ("Puppet manifest", "Puppet manifests"),
            Self::Shell => ("shell script", "shell scripts"),
            Self::SourceCode => ("source file", "source files"),
            Self::Terraform => ("Terraform file", "Terraform files"),
            Self::Toml => ("TOML or INI file", "TOML or INI files"),
            Self::Xml => ("XML file", "XML files"),
            Self::Yaml => ("YAML file", "YAML files"),
        }
    }
}

/// The kind, by the name.
pub(crate) fn by_name(path: &Path) -> Option<OtherKind> {
    use OtherKind as K;
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    if name.starts_with("dockerfile") || name.starts_with("containerfile") || name.ends_with(".dockerfile") {
        return Some(K::Dockerfile);
    }
    if matches!(
        name.as_str(),
        "vagrantfile" | "rakefile" | "gemfile" | "jenkinsfile" | "capfile" | "fastfile"
    ) {
        return Some(K::SourceCode);
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension)?;
    Some(match extension {
        "html" | "htm" | "xhtml" => K::Html,
        "json" | "jsonc" | "json5" | "jsonnet" | "libsonnet" | "ipynb" | "ndjson" | "jsonl" => K::Json,
        "md" | "markdown" | "mdx" | "rst" | "adoc" | "asciidoc" | "textile" | "org" | "pod" => K::Markup,
        "nix" => K::Nix,
        "patch" | "diff" => K::Patch,
        "pp" => K::Puppet,
        "sh" | "bash" | "zsh" | "ksh" | "fish" | "ps1" | "bat" | "cmd" => K::Shell,
        "tf" | "hcl" | "nomad" | "tfvars" => K::Terraform,
        "toml" | "ini" | "service" | "properties" => K::Toml,
        "xml" | "xsl" | "xslt" | "svg" => K::Xml,
        "yaml" | "yml" => K::Yaml,
        "c" | "cc" | "clj" | "cpp" | "cs" | "css" | "cxx" | "dart" | "el" | "ex" | "exs" | "go"
        | "gradle" | "groovy" | "h" | "hpp" | "hs" | "java" | "jl" | "js" | "jsx" | "kt" | "kts" | "less"
        | "lua" | "mjs" | "mm" | "m" | "php" | "pl" | "pm" | "proto" | "py" | "r" | "rb" | "rs" | "scala"
        | "scss" | "sql" | "swift" | "t" | "ts" | "tsx" | "vue" | "zig" => K::SourceCode,
        _ => return None,
    })
}

/// The kind, by how a file starts that calls its interpreter. nginx may be that, and takes the line as a comment.
pub(crate) fn by_first_line(text: &[u8]) -> Option<OtherKind> {
    let line = text.split(|byte| *byte == b'\n').next()?.strip_prefix(b"#!")?;
    let has = |names: &[&[u8]]| {
        let mut words = line.split(|byte| matches!(byte, b'/' | b' ' | b'\r' | b'\t'));
        words.any(|word| names.contains(&word))
    };
    if has(&[b"nginx", b"openresty", b"tengine"]) {
        return None;
    }
    let is_shell = has(&[b"sh", b"bash", b"dash", b"zsh", b"ksh"]);
    Some(if is_shell { OtherKind::Shell } else { OtherKind::SourceCode })
}

/// What stands for the text of a file that is kept elsewhere or cannot be read without a key.
pub(crate) fn stand_in(text: &[u8]) -> Option<&'static str> {
    [
        (&b"version https://git-lfs.github.com/spec/"[..], "a pointer of Git LFS"),
        (b"\0GITCRYPT\0", "encrypted by git-crypt"),
        (b"$ANSIBLE_VAULT;", "encrypted by Ansible Vault"),
        (b"-----BEGIN PGP MESSAGE-----", "encrypted by PGP"),
        (b"age-encryption.org/", "encrypted by age"),
    ]
    .into_iter()
    .find_map(|(start, what)| text.starts_with(start).then_some(what))
}

/// Whether the name is one of an archive or a packed file.
pub(crate) fn is_packed(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    matches!(
        extension.as_deref(),
        Some("7z" | "br" | "bz2" | "gz" | "lz4" | "rar" | "tar" | "tgz" | "xz" | "zip" | "zst")
    )
}

/// Whether the name says that the file holds no text: pictures, archives, keys, programs. Only if its first bytes are
/// text nonetheless is more of it looked at.
pub(crate) fn is_no_text(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    matches!(
        extension.as_deref(),
        Some(
            "7z" | "a"
                | "avi"
                | "avif"
                | "bin"
                | "bmp"
                | "br"
                | "bz2"
                | "cer"
                | "class"
                | "crt"
                | "csr"
                | "db"
                | "deb"
                | "der"
                | "dll"
                | "dmg"
                | "doc"
                | "docx"
                | "dylib"
                | "eot"
                | "exe"
                | "flac"
                | "gif"
                | "gz"
                | "heic"
                | "ico"
                | "iso"
                | "jar"
                | "jks"
                | "jpeg"
                | "jpg"
                | "key"
                | "lz4"
                | "mo"
                | "mov"
                | "mp3"
                | "mp4"
                | "o"
                | "obj"
                | "odt"
                | "ogg"
                | "otf"
                | "p12"
                | "pdf"
                | "pem"
                | "pfx"
                | "png"
                | "ppt"
                | "pptx"
                | "psd"
                | "pyc"
                | "rar"
                | "rpm"
                | "so"
                | "sqlite"
                | "sqlite3"
                | "swp"
                | "tar"
                | "tgz"
                | "tif"
                | "tiff"
                | "ttf"
                | "war"
                | "wasm"
                | "wav"
                | "webm"
                | "webp"
                | "whl"
                | "woff"
                | "woff2"
                | "xls"
                | "xlsx"
                | "xz"
                | "zip"
                | "zst"
        )
    )
}

/// How the names of files end that something makes others of.
const TEMPLATES: [&str; 19] = [
    "ctmpl", "ejs", "epp", "erb", "gotmpl", "hbs", "j2", "jinja", "jinja2", "liquid", "mako", "mustache",
    "stpl", "template", "tftpl", "tmpl", "tpl", "twig", "in",
];

/// Whether the name is one of a file that something makes another one of.
pub(crate) fn is_template_by_name(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| TEMPLATES.contains(&extension.as_str()))
}

/// Whether a file of the name `made` is what a template becomes: `listen.conf.tmpl` or `listen.gotmpl` for `listen.conf`.
pub(crate) fn becomes(template: &Path, made: &OsStr) -> bool {
    stem_of_template(template).is_some_and(|stem| stems(made).any(|made| made == stem))
}

/// The name of a template without its ending; `None` for what is none by its name.
pub(crate) fn stem_of_template(path: &Path) -> Option<&OsStr> {
    path.file_stem().filter(|_| is_template_by_name(path))
}

/// What the template of a file of this name may be called, without the ending of templates.
pub(crate) fn stems(made: &OsStr) -> impl Iterator<Item = &OsStr> {
    std::iter::once(made).chain(Path::new(made).file_stem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walked_by_name() {
        let yes = [
            "nginx.conf",
            "a/b.conf",
            "x.vhost",
            "nginx.conf.sample",
            "sites-enabled/app",
            "conf.d/x",
            "snippets/ws",
            ".docker/nginx/app.conf",
            ".nginx.conf",
        ];
        let no = ["README.md", "app", "sites-enabled/app.bak", ".conf", "conf.d/x.disabled", "conf.d/.env"];
        assert!(yes.iter().all(|path| is_configuration(Path::new(path))));
        assert!(!no.iter().any(|path| is_configuration(Path::new(path))));
    }

    #[test]
    fn folders_that_are_kept_aside() {
        for yes in [
            "conf.d.bak/a.conf",
            "x/conf.d.backup.20250624_1950/a.conf",
            "sites-enabled.old/app",
            "nginx.orig/b/c.conf",
        ] {
            assert!(is_set_aside(Path::new(yes)), "{yes}");
        }
        for no in [
            "backup/a.conf",
            "old/a.conf",
            "conf.d/a.conf",
            "conf.d/a.bak.conf",
            ".old/a.conf",
            "app.example.com/a.conf",
        ] {
            assert!(!is_set_aside(Path::new(no)), "{no}");
        }
    }

    #[test]
    fn what_a_configuration_may_name() {
        for yes in ["a.conf", "secret", ".docker/nginx/x.conf", ".platform/sites-enabled/app", "vendor/x.inc"]
        {
            assert!(is_open_to_includes(Path::new(yes)), "{yes}");
        }
        for no in [".git/config", "a/.git/x.conf", ".env", "a/.npmrc", ".aws/credentials", ".svn/x.conf"] {
            assert!(!is_open_to_includes(Path::new(no)), "{no}");
        }
    }

    #[test]
    fn templates_become_what_their_name_says() {
        for (template, made) in [
            ("listen.gotmpl", "listen.conf"),
            ("a.conf.template", "a.conf"),
            ("templates/a.conf.j2", "a.conf"),
        ] {
            assert!(becomes(Path::new(template), OsStr::new(made)), "{template}");
        }
        for (template, made) in [("listen.txt", "listen.conf"), ("b.tmpl", "a.conf"), ("a.conf", "a.conf")] {
            assert!(!becomes(Path::new(template), OsStr::new(made)), "{template}");
        }
    }
}
