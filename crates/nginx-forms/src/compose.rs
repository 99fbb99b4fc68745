//! What compose files and Dockerfiles tell of the containers around an nginx: their images, how many there are, and their
//! environment.

use granit_parser::ScalarStyle;

use crate::yaml::nodes::{Node, Scalar, parsed};

/// A service of a compose file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// What other containers call it.
    pub name: String,
    /// Its image, where one is named.
    pub image: Option<String>,
    /// As many containers run of it, where that is said.
    pub replicas: Option<u32>,
    /// Its environment, as far as it is written out.
    pub environment: Vec<(String, String)>,
    /// The names in it whose values are not.
    pub unknown: Vec<String>,
    /// The files with more of it.
    pub env_files: Vec<String>,
    /// What it mounts of the host.
    pub mounts: Vec<Mount>,
    /// The folder that its image is built in.
    pub build: Option<String>,
}

/// A path of the host in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// On the host.
    pub source: String,
    /// In the container, where that is written.
    pub target: Option<String>,
}

/// The names of the file that compose reads in a folder, the first that is there.
const DEFAULTS: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The same of the file that it merges over that one: `DefaultOverrideFileNames` of compose-go.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Of the names of a folder's files, the one that compose reads and the one that it merges over it; `None` where there
/// are not both.
pub fn pair(has: impl Fn(&str) -> bool) -> Option<(&'static str, &'static str)> {
    let first = |all: [&'static str; 4]| all.into_iter().find(|name| has(name));
    Some((first(DEFAULTS)?, first(OVERRIDES)?))
}

/// The services of a file with those of another one merged over them, as compose does it: names and places in the
/// container are there once, and so is all that has one value.
pub fn merged(base: &[Service], over: &[Service]) -> Vec<Service> {
    let mut all = base.to_vec();
    for other in over {
        match all.iter_mut().find(|service| service.name == other.name) {
            Some(service) => service.merge(other),
            None => all.push(other.clone()),
        }
    }
    all
}

impl Service {
    fn merge(&mut self, over: &Self) {
        let is_said = |name: &String| {
            over.unknown.contains(name) || over.environment.iter().any(|(other, _)| other == name)
        };
        self.environment.retain(|(name, _)| !is_said(name));
        self.unknown.retain(|name| !is_said(name));
        self.environment.extend(over.environment.iter().cloned());
        self.unknown.extend(over.unknown.iter().cloned());
        self.env_files.extend(over.env_files.iter().cloned());
        self.mounts.retain(|mount| {
            mount.target.is_none() || over.mounts.iter().all(|other| other.target != mount.target)
        });
        self.mounts.extend(over.mounts.iter().cloned());
        for (own, other) in [(&mut self.image, &over.image), (&mut self.build, &over.build)] {
            if other.is_some() {
                own.clone_from(other);
            }
        }
        self.replicas = over.replicas.or(self.replicas);
    }

    /// The name of the image without registry, tag and digest: `grafana/grafana`.
    pub fn image_name(&self) -> Option<&str> {
        self.image.as_deref().map(name_of_image)
    }
}

/// The name of an image without registry, tag and digest.
pub(crate) fn name_of_image(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    let tag = image.rfind(':').filter(|at| !image.get(*at..).is_some_and(|rest| rest.contains('/')));
    let image = tag.and_then(|at| image.get(..at)).unwrap_or(image);
    // A registry has a dot or a port.
    match image.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) => rest,
        _ => image,
    }
}

/// The services of a compose file; empty for other YAML.
pub fn services(text: &[u8]) -> Vec<Service> {
    if memchr::memmem::find(text, b"services:").is_none() {
        return Vec::new();
    }
    let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
    let parsed = parsed(text);
    let Some(document) = parsed.documents.first() else { return Vec::new() };
    let services = document.root.get("services").and_then(Node::mapping);
    let services = services.into_iter().flat_map(|services| &services.entries);
    services
        .filter(|(_, service)| service.mapping().is_some())
        .map(|(name, one)| service(name, one))
        .collect()
}

/// A value that compose fills nothing into.
fn literal(node: &Node) -> Option<String> {
    let value = &node.scalar()?.value;
    if value.replace("$$", "").contains('$') || value.contains("{{") {
        return None;
    }
    Some(value.replace("$$", "$"))
}

fn service(name: &Scalar, node: &Node) -> Service {
    let number = |keys: &[&str]| literal(node.at(keys)?)?.parse().ok();
    let pairs: Vec<(String, Option<String>)> = match node.get("environment") {
        Some(Node::Mapping(mapping)) => {
            // One without a value comes from the shell.
            let is_given = |value: &Node| {
                let is_null = |scalar: &Scalar| {
                    scalar.style == ScalarStyle::Plain
                        && matches!(&*scalar.value, "" | "~" | "null" | "Null" | "NULL")
                };
                value.scalar().is_some_and(|scalar| !is_null(scalar))
            };
            let pair = |(key, value): &(Scalar, Node)| {
                (key.value.clone(), literal(value).filter(|_| is_given(value)))
            };
            mapping.entries.iter().map(pair).collect()
        }
        Some(Node::Sequence(items)) => {
            let pair = |item: &Node| {
                let written = &item.scalar()?.value;
                let name = written.split('=').next()?.to_owned();
                let value = literal(item).and_then(|item| Some(item.split_once('=')?.1.to_owned()));
                Some((name, value))
            };
            items.iter().filter_map(pair).collect()
        }
        _ => Vec::new(),
    };
    let env_files = match node.get("env_file") {
        Some(Node::Sequence(items)) => {
            items.iter().filter_map(|item| literal(item).or_else(|| literal(item.get("path")?))).collect()
        }
        Some(one) => literal(one).into_iter().collect(),
        None => Vec::new(),
    };
    let mounts = node.get("volumes").map(Node::items).unwrap_or_default().iter().filter_map(|volume| {
        let (source, target) = match volume.get("source") {
            Some(source) => (literal(source)?, volume.get("target").and_then(literal)),
            None => {
                let text = literal(volume)?;
                let mut parts = text.split(':').map(str::to_owned);
                (parts.next()?, parts.next())
            }
        };
        let target = target.map(|target| target.trim_end_matches('/').to_owned());
        source.starts_with(['.', '/']).then_some(Mount { source, target })
    });
    let unknown = pairs.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.clone()).collect();
    let environment = pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let build = node.get("build");
    let build = build.and_then(|build| literal(build).or_else(|| literal(build.get("context")?)));
    Service {
        name: name.value.clone(),
        image: node.get("image").and_then(literal),
        replicas: number(&["deploy", "replicas"]).or_else(|| number(&["scale"])),
        environment,
        unknown,
        env_files,
        mounts: mounts.collect(),
        build,
    }
}

/// The names and values of a file of an environment: `NAME=value`.
pub fn env_file(text: &[u8]) -> Vec<(String, String)> {
    let lines = text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    lines
        .filter_map(|line| {
            let line = line.trim();
            let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
            let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let value = without_comment(value.trim())?;
            (is_name(name) && !name.is_empty() && !value.contains('$'))
                .then(|| (name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// A value without its quotes and without the comment behind it, before which there is a blank: "Inline comments" of the
/// syntax of compose's files of an environment. `None` where something else stands behind the quotes.
fn without_comment(value: &str) -> Option<&str> {
    let is_quote = |quote: &char| matches!(quote, '"' | '\'');
    match value.chars().next().filter(is_quote) {
        Some(quote) => {
            let (value, rest) = value.get(1..)?.split_once(quote)?;
            let rest = rest.trim_start();
            (rest.is_empty() || rest.starts_with('#')).then_some(value)
        }
        None => Some(value.split_once(" #").map_or(value, |(value, _)| value).trim_end()),
    }
}

/// The `ENV` of the last stage of a Dockerfile; `None` where that is no image of nginx's.
pub fn env_of_dockerfile(text: &[u8]) -> Option<Vec<(String, String)>> {
    let mut environment = Vec::new();
    let mut is_nginx = false;
    let text = String::from_utf8_lossy(text).replace("\\\r\n", " ").replace("\\\n", " ");
    for line in text.lines() {
        let mut words = line.trim().splitn(2, char::is_whitespace);
        let (Some(instruction), Some(rest)) = (words.next(), words.next()) else { continue };
        if instruction.eq_ignore_ascii_case("FROM") {
            environment.clear();
            is_nginx = ["nginx", "openresty", "angie"].iter().any(|name| rest.contains(name));
        } else if instruction.eq_ignore_ascii_case("ENV") {
            environment.extend(env(rest.trim()));
        }
    }
    is_nginx.then_some(environment)
}

/// What a Dockerfile copies from the folder that is built to a folder of the image, or below it.
pub fn copied_to(text: &[u8], folder: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(text).replace("\\\r\n", " ").replace("\\\n", " ");
    let mut all = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line
            .split(|letter: char| letter.is_whitespace() || matches!(letter, '[' | ']' | ',' | '"'))
            .filter(|word| !word.is_empty())
            .collect();
        let [instruction, sources @ .., target] = words.as_slice() else { continue };
        let is_copy = ["COPY", "ADD"].iter().any(|name| instruction.eq_ignore_ascii_case(name));
        let is_there = std::path::Path::new(target).starts_with(folder);
        // Another stage has other files.
        if is_copy && is_there && !sources.iter().any(|source| source.starts_with("--from")) {
            let own = sources
                .iter()
                .filter(|source| !source.starts_with("--") && !source.contains(['$', '*', '?']));
            all.extend(own.map(|source| source.trim_start_matches('/').to_owned()));
        }
    }
    all.retain(|source| !source.is_empty());
    all
}

/// `NAME=value OTHER="a b"`, or `NAME value`.
fn env(text: &str) -> Vec<(String, String)> {
    let Some((name, _)) = text.split_once('=').filter(|(name, _)| !name.contains(char::is_whitespace)) else {
        let pair = text
            .split_once(char::is_whitespace)
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        return pair.into_iter().filter(|(_, value)| !value.contains('$')).collect();
    };
    let (mut all, mut name, mut rest) = (Vec::new(), name, text);
    loop {
        rest = rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')).unwrap_or_default();
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (value, behind) = match quote {
            Some(quote) => match rest.get(1..).and_then(|rest| rest.split_once(quote)) {
                Some(found) => found,
                None => break,
            },
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        if !value.contains(['$', '\\']) {
            all.push((name.to_owned(), value.to_owned()));
        }
        rest = behind.trim_start();
        match rest.split_once('=') {
            Some((next, _)) => name = next,
            None => break,
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Mount, Service, env_file, env_of_dockerfile, merged, pair, services};

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn services_of_a_compose_file() {
        let text = "services:\n  web:\n    image: nginx:1.27\n    environment:\n      PORT: 8080\n      HOST: ${HOST}\n      PRICE: $$5\n    volumes:\n      - ./templates:/etc/nginx/templates:ro\n      - data:/data\n    env_file: .env.web\n  chat:\n    image: ghcr.io/grafana/grafana:11@sha256:0\n    deploy: {replicas: 3}\n    environment: {A: b, C: , D: ~, E: ''}\n  app:\n    build: {context: ./app}\n    scale: 2\n";
        let all = services(text.as_bytes());
        let [web, chat, app] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(web.image_name(), Some("nginx"));
        assert_eq!(web.environment, pairs(&[("PORT", "8080"), ("PRICE", "$5")]));
        assert_eq!(
            (web.mounts.as_slice(), web.env_files.as_slice()),
            (&[mount("./templates", "/etc/nginx/templates")][..], &[".env.web".to_owned()][..])
        );
        assert_eq!((chat.image_name(), chat.replicas), (Some("grafana/grafana"), Some(3)));
        assert_eq!(chat.environment, pairs(&[("A", "b"), ("E", "")]));
        assert_eq!((app.build.as_deref(), app.replicas), (Some("./app"), Some(2)));
        assert!(services(b"apiVersion: v1\nkind: List\n").is_empty());
    }

    fn mount(source: &str, target: &str) -> Mount {
        Mount { source: source.to_owned(), target: Some(target.to_owned()) }
    }

    #[test]
    fn a_second_file_is_merged_over_the_first() {
        let base = "services:\n  web:\n    image: nginx:1.26\n    environment: {A: 1, B: 2, C: 3}\n    env_file: one.env\n    volumes: ['./a:/etc/nginx/templates', './b:/srv']\n    scale: 1\n  app: {image: app}\n";
        let over = "services:\n  web:\n    environment: ['B=3', 'C=${C}']\n    env_file: [two.env]\n    volumes: [{type: bind, source: ./c, target: /etc/nginx/templates/}]\n    deploy: {replicas: 2}\n  more: {image: more}\n";
        let all = merged(&services(base.as_bytes()), &services(over.as_bytes()));
        let names: Vec<&str> = all.iter().map(|service| service.name.as_str()).collect();
        assert_eq!(names, ["web", "app", "more"]);
        let web = &all[0];
        assert_eq!(web.environment, pairs(&[("A", "1"), ("B", "3")]));
        assert_eq!((web.unknown.as_slice(), web.env_files.len()), (&["C".to_owned()][..], 2));
        assert_eq!(web.mounts, [mount("./b", "/srv"), mount("./c", "/etc/nginx/templates")]);
        assert_eq!((web.image.as_deref(), web.replicas), (Some("nginx:1.26"), Some(2)));
    }

    #[test]
    fn which_two_files_compose_reads() {
        let of = |names: &[&str]| pair(|name| names.contains(&name));
        assert_eq!(
            of(&["docker-compose.yml", "docker-compose.override.yml"]),
            Some(("docker-compose.yml", "docker-compose.override.yml"))
        );
        assert_eq!(
            of(&["docker-compose.yml", "compose.yaml", "compose.override.yaml"]),
            Some(("compose.yaml", "compose.override.yaml"))
        );
        assert_eq!(of(&["compose.yaml"]), None);
        assert_eq!(of(&["compose.override.yaml"]), None);
    }

    #[test]
    fn what_a_dockerfile_copies() {
        let text = b"FROM nginx\nCOPY --chown=a nginx/templates /etc/nginx/templates\nADD [\"a.template\", \\\n  \"/etc/nginx/templates/x/\"]\nCOPY --from=b c /etc/nginx/templates\nCOPY x /etc/nginx/conf.d\ncopy ./*.template /etc/nginx/templates/\n";
        assert_eq!(super::copied_to(text, "/etc/nginx/templates"), ["nginx/templates", "a.template"]);
    }

    #[test]
    fn images_without_registry_and_tag() {
        for (image, name) in [
            ("nginx", "nginx"),
            ("localhost:5000/a/b:1", "a/b"),
            ("docker.io/library/nginx@sha256:1", "library/nginx"),
            ("rocketchat/rocket.chat:latest", "rocketchat/rocket.chat"),
        ] {
            let service = Service { image: Some(image.to_owned()), ..Service::default() };
            assert_eq!(service.image_name(), Some(name), "{image}");
        }
    }

    #[test]
    fn environments() {
        let text =
            b"# all\nexport A=1\nB=\"two words\"\nC=${A}\nno\nD=15s # why\nE='15s' # why\nF=a#b\nG='a' b\n";
        let expected = [("A", "1"), ("B", "two words"), ("D", "15s"), ("E", "15s"), ("F", "a#b")];
        assert_eq!(env_file(text), pairs(&expected));
        let text = b"FROM node\nENV X=1\nFROM nginx:alpine\nENV A=1 B=\"two words\" \\\n    C=3\nENV D four\nENV E=$A\n";
        let all = pairs(&[("A", "1"), ("B", "two words"), ("C", "3"), ("D", "four")]);
        assert_eq!(env_of_dockerfile(text), Some(all));
        assert_eq!(env_of_dockerfile(b"FROM node\nENV A=1\n"), None);
    }
}
