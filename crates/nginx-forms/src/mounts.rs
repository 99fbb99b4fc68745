//! Where the volumes of pods are mounted, and which keys of `ConfigMaps` are in them.

use crate::yaml;

/// A key of a `ConfigMap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigKey {
    /// The namespace, if it is written.
    pub namespace: Option<String>,
    /// The name of the `ConfigMap`, as it is written: what a template puts there is the same elsewhere.
    pub config_map: String,
    /// The key.
    pub key: String,
}

/// A volume of a `ConfigMap` in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMount {
    /// The namespace of the pod, if it is written.
    pub namespace: Option<String>,
    /// The name of the `ConfigMap`, as it is written.
    pub config_map: String,
    /// Where the volume, or the one file of it, is.
    pub path: String,
    /// The one file of it that is mounted.
    pub sub_path: Option<String>,
    /// The keys that become files of other names.
    pub items: Vec<(String, String)>,
}

impl ConfigMount {
    /// Where nginx finds a key of the `ConfigMap`; `None` where it is not mounted.
    pub fn path(&self, key: &str) -> Option<String> {
        let file = match self.items.iter().find(|(one, _)| one == key) {
            Some((_, file)) => file.as_str(),
            None if self.items.is_empty() => key,
            None => return None,
        };
        match &self.sub_path {
            Some(sub) => (sub == file).then(|| self.path.clone()),
            None => Some(format!("{}/{file}", self.path)),
        }
    }

    /// Whether it may be of this key: no two written namespaces differ.
    pub fn is_of(&self, key: &ConfigKey) -> bool {
        let is_same = |own: &str| key.namespace.as_ref().is_none_or(|other| other == own);
        self.config_map == key.config_map && self.namespace.as_deref().is_none_or(is_same)
    }
}

/// The volumes of `ConfigMaps` in the pods of a YAML text, or of a template of one.
pub fn config_mounts(text: &[u8]) -> Vec<ConfigMount> {
    let has = |word: &[u8]| memchr::memmem::find(text, word).is_some();
    if has(b"volumeMounts") && has(b"configMap") { yaml::config_mounts(text) } else { Vec::new() }
}
