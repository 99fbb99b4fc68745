//! Fields of an answer by which a proxy in front of nginx gives itself away.

use super::find;

/// A field that a proxy adds: its name in lower case, how its value begins in lower case, or what stands in it, and the
/// preset.
const SIGNS: &[(&str, &str, &str)] = &[
    ("cf-ray", "", "cloudflare"),
    ("server", "cloudflare", "cloudflare"),
    ("server", "awselb/", "aws-alb"),
    ("x-amz-cf-id", "", "aws-cloudfront"),
    ("via", "cloudfront", "aws-cloudfront"),
    ("via", "1.1 google", "gcp-external-alb"),
    ("via", "vegur", "heroku-router"),
    ("via", "heroku-router", "heroku-router"),
    ("server", "heroku", "heroku-router"),
    ("x-azure-ref", "", "azure-front-door"),
    ("server", "microsoft-azure-application-gateway", "azure-application-gateway"),
    ("server", "akamaighost", "akamai"),
    ("x-fastly-request-id", "", "fastly"),
    ("x-served-by", "cache-", "fastly"),
    ("x-varnish", "", "varnish"),
    ("server", "bunnycdn", "bunny"),
    ("fly-request-id", "", "fly-proxy"),
    ("x-vercel-id", "", "vercel"),
    ("x-nf-request-id", "", "netlify"),
    ("x-railway-request-id", "", "railway"),
    ("rndr-id", "", "render"),
    ("server", "istio-envoy", "istio"),
    ("server", "envoy", "envoy"),
    ("x-envoy-upstream-service-time", "", "envoy"),
    ("server", "kong", "kong"),
    ("via", "kong/", "kong"),
    ("server", "apisix", "apisix"),
    ("server", "caddy", "caddy"),
    ("via", "caddy", "caddy"),
    ("via", "squid", "squid"),
    ("server", "apache", "apache-proxy-http"),
    ("ngrok-error-code", "", "ngrok"),
];

/// How nginx and what is built on it name themselves in `Server`.
const OF_NGINX: [&str; 5] = ["nginx", "openresty", "tengine", "angie", "freenginx"];

/// What a field says of what is in front of nginx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    /// The preset; `None` if another program than nginx answers, and it is not known which.
    pub preset: Option<&'static super::Preset>,
    /// The field as it was seen.
    pub field: String,
}

/// The proxies that the fields of an answer tell of, each once.
///
/// nginx names itself in `Server` whatever the back end says, so another name there is that of a proxy in front; unless
/// `proxy_pass_header Server` passes on what the back end says.
#[must_use]
pub fn signs(headers: &[(String, String)]) -> Vec<Sign> {
    let mut all: Vec<Sign> = Vec::new();
    for (name, value) in headers {
        let (lower, says) = (name.to_ascii_lowercase(), value.to_ascii_lowercase());
        let is_meant = |&&(field, part, _): &&(&str, &str, &str)| match field {
            _ if field != lower => false,
            "via" => says.contains(part),
            _ => says.starts_with(part),
        };
        let found = SIGNS.iter().find(is_meant).and_then(|(.., id)| find(id));
        let is_other =
            lower == "server" && !says.is_empty() && !OF_NGINX.iter().any(|own| says.contains(own));
        let is_new = match found {
            Some(preset) => !all.iter().any(|sign| sign.preset == Some(preset)),
            None => is_other,
        };
        if is_new {
            all.push(Sign { preset: found, field: format!("{name}: {value}") });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_is_of_a_preset() {
        for (field, _, id) in SIGNS {
            assert!(find(id).is_some_and(|preset| preset.id == *id), "{id}");
            assert_eq!(*field, field.to_ascii_lowercase());
        }
    }

    #[test]
    fn fields_tell_of_what_is_in_front() {
        let told = |fields: &[(&str, &str)]| -> Vec<&str> {
            let fields: Vec<(String, String)> =
                fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            signs(&fields).iter().map(|sign| sign.preset.map_or("another", |preset| preset.id)).collect()
        };
        assert_eq!(told(&[("Server", "cloudflare"), ("CF-RAY", "8a-FRA")]), ["cloudflare"]);
        assert_eq!(
            told(&[("server", "nginx/1.26.0"), ("Via", "1.1 abc.cloudfront.net (CloudFront)")]),
            ["aws-cloudfront"]
        );
        assert_eq!(told(&[("Server", "openresty")]), [""; 0]);
        assert_eq!(told(&[("Server", "gws")]), ["another"]);
        assert_eq!(told(&[("X-Served-By", "app1")]), [""; 0]);
    }
}
