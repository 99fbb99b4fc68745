//! What objects of Kubernetes tell of the programs behind services: their images, and how many pods there are.

use crate::yaml::nodes::{Node, Parsed, parsed};

/// Labels, each with its value.
pub type Labels = Vec<(String, String)>;

/// An object of kind `Service` that chooses pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterService {
    /// What other pods call it.
    pub name: String,
    /// What it asks of the labels of its pods.
    pub selector: Labels,
}

/// What makes pods: a `Deployment`, a `StatefulSet`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// The labels of its pods.
    pub labels: Labels,
    /// The image of its first container, without registry, tag and digest.
    pub image: Option<String>,
    /// How many pods there are, where it is written.
    pub replicas: Option<u32>,
}

/// The services and workloads of a YAML text. What a template fills in is left out.
pub fn objects(text: &[u8]) -> (Vec<ClusterService>, Vec<Workload>) {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    if !has(b"kind:") || !(has(b"Deployment") || has(b"StatefulSet") || has(b"Service")) || has(b"{{") {
        return Default::default();
    }
    let Ok(text) = std::str::from_utf8(text) else { return Default::default() };
    let Parsed { documents, .. } = parsed(text);
    let (mut services, mut workloads) = (Vec::new(), Vec::new());
    for document in &documents {
        let items = document.root.get("items").map(Node::items).unwrap_or_default();
        for object in std::iter::once(&document.root).chain(items) {
            match text_at(object, &["kind"]) {
                Some("Service") => services.extend(service(object)),
                Some("Deployment" | "StatefulSet") => workloads.extend(workload(object)),
                _ => {}
            }
        }
    }
    (services, workloads)
}

fn text_at<'n>(object: &'n Node, keys: &[&str]) -> Option<&'n str> {
    Some(&object.at(keys)?.scalar()?.value)
}

fn labels(node: Option<&Node>) -> Labels {
    let entries = node.and_then(Node::mapping).into_iter().flat_map(|mapping| &mapping.entries);
    entries.filter_map(|(name, value)| Some((name.value.clone(), value.scalar()?.value.clone()))).collect()
}

fn service(object: &Node) -> Option<ClusterService> {
    let selector = labels(object.at(&["spec", "selector"]));
    let name = text_at(object, &["metadata", "name"])?.to_owned();
    (!selector.is_empty()).then_some(ClusterService { name, selector })
}

fn workload(object: &Node) -> Option<Workload> {
    let labels = labels(object.at(&["spec", "template", "metadata", "labels"]));
    let containers = object.at(&["spec", "template", "spec", "containers"]).map(Node::items)?;
    let image = containers.first().and_then(|first| text_at(first, &["image"]));
    let replicas = text_at(object, &["spec", "replicas"]).and_then(|count| count.parse().ok());
    let image = image.filter(|image| !image.contains('$'));
    let image = image.map(|image| crate::compose::name_of_image(image).to_owned());
    (!labels.is_empty()).then_some(Workload { labels, image, replicas })
}

impl Workload {
    /// Whether a service chooses its pods.
    pub fn is_behind(&self, service: &ClusterService) -> bool {
        service.selector.iter().all(|wanted| self.labels.contains(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::objects;

    #[test]
    fn services_lead_to_workloads() {
        let text = b"kind: Service\nmetadata: {name: board}\nspec:\n  selector: {app: board}\n---\nkind: Deployment\nspec:\n  replicas: 3\n  template:\n    metadata:\n      labels: {app: board, tier: web}\n    spec:\n      containers:\n        - image: grafana/grafana:11\n---\nkind: StatefulSet\nspec:\n  template:\n    metadata:\n      labels: {app: other}\n    spec:\n      containers: [{image: a}]\n";
        let (services, workloads) = objects(text);
        let behind: Vec<bool> = workloads.iter().map(|one| one.is_behind(&services[0])).collect();
        assert_eq!(behind, [true, false]);
        assert_eq!(
            (workloads[0].image.as_deref(), workloads[0].replicas),
            (Some("grafana/grafana"), Some(3))
        );
        assert_eq!(workloads[1].replicas, None);
    }
}
