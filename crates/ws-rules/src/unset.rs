//! Variables that are empty where they are read, because only other locations `set` them.
//!
//! A definition anywhere makes nginx know the name; a value it has only where the `set` ran on the way of the request
//! (`http/modules/ngx_http_rewrite_module.c:ngx_http_rewrite_handler`).

use nginx_semantics::{ContextId, Definition, Directive, Part, parts};
use nginx_syntax::lossy;

use crate::{Context, FindingBuilder};

/// Points at the lines of other levels that set what a text reads and nothing around a context does: the first of each
/// variable.
pub(crate) fn because<'f>(
    cx: &Context<'_, '_>,
    context: ContextId,
    text: &[u8],
    finding: FindingBuilder<'f>,
) -> FindingBuilder<'f> {
    set_elsewhere(cx, context, text).into_iter().fold(finding, |finding, (name, line)| {
        let says = format!(
            "`${name}` is set here only, in a block that the request does not come through: in the other it is empty"
        );
        finding.because(&line, says)
    })
}

fn set_elsewhere<'s>(cx: &Context<'_, 's>, context: ContextId, text: &[u8]) -> Vec<(String, Directive<'s>)> {
    let configuration = cx.configuration();
    let around: Vec<ContextId> = configuration.levels(context).collect();
    let parts = parts(text);
    let names = parts.iter().filter_map(|part| match part {
        Part::Variable(name) => Some(*name),
        _ => None,
    });
    let mut found: Vec<(String, Directive<'s>)> = Vec::new();
    for name in names {
        let definitions = cx.model.variables.definitions(name);
        let is_elsewhere = |definition: &Definition<'s>| match definition {
            Definition::Set(_, level) => {
                configuration.levels(*level).next().is_some_and(|own| !around.contains(&own))
            }
            _ => false,
        };
        let name = lossy(name).into_owned();
        if let Some(Definition::Set(line, _)) = definitions.first() {
            if definitions.iter().all(is_elsewhere) && found.iter().all(|(known, _)| *known != name) {
                found.push((name, *line));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::testing::{found, labels};

    #[test]
    fn what_only_another_location_sets() {
        let said = |server: &str| {
            let text = format!(
                "server {{ listen 80; {server} location /ws/ {{ proxy_pass http://$app:8000; proxy_http_version 1.1; \
                 proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_read_timeout 1h; }} }}"
            );
            let findings = found(&text);
            let finding = findings.iter().find(|one| one.rule.name == "handshake-fails")?;
            Some(labels(finding).iter().any(|label| label.starts_with("`$app` is set here only")))
        };
        assert_eq!(said("location / { set $app 127.0.0.1; return 204; }"), Some(true));
        assert_eq!(said("set $app ''; location / { set $app 127.0.0.1; return 204; }"), Some(false));
        assert_eq!(said("set $app 127.0.0.1;"), None);
    }
}
