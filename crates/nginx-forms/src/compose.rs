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
    /// The files with more of it.
    pub env_files: Vec<String>,
    /// The paths on the host that it mounts.
    pub mounts: Vec<String>,
    /// The folder that its image is built in.
    pub build: Option<String>,
}

impl Service {
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
    let environment = match node.get("environment") {
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
                Some((key.value.clone(), literal(value).filter(|_| is_given(value))?))
            };
            mapping.entries.iter().filter_map(pair).collect()
        }
        Some(Node::Sequence(items)) => {
            let pair = |item: &Node| {
                let item = literal(item)?;
                let (name, value) = item.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
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
        let source = match volume.get("source") {
            Some(source) => literal(source)?,
            None => literal(volume)?.split(':').next()?.to_owned(),
        };
        source.starts_with(['.', '/']).then_some(source)
    });
    let build = node.get("build");
    let build = build.and_then(|build| literal(build).or_else(|| literal(build.get("context")?)));
    Service {
        name: name.value.clone(),
        image: node.get("image").and_then(literal),
        replicas: number(&["deploy", "replicas"]).or_else(|| number(&["scale"])),
        environment,
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
    use super::{Service, env_file, env_of_dockerfile, services};

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
            (&["./templates".to_owned()][..], &[".env.web".to_owned()][..])
        );
        assert_eq!((chat.image_name(), chat.replicas), (Some("grafana/grafana"), Some(3)));
        assert_eq!(chat.environment, pairs(&[("A", "b"), ("E", "")]));
        assert_eq!((app.build.as_deref(), app.replicas), (Some("./app"), Some(2)));
        assert!(services(b"apiVersion: v1\nkind: List\n").is_empty());
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
