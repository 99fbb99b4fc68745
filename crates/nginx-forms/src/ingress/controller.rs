//! What each ingress controller makes of the annotations of an `Ingress`.
//!
//! ingress-nginx: `rootfs/etc/nginx/template/nginx.tmpl` and `internal/ingress/annotations/` of kubernetes/ingress-nginx.
//! NGINX Inc's controller: `internal/configs/version1/nginx.ingress.tmpl` and `internal/configs/annotations.go` of
//! nginx/kubernetes-ingress.

/// A controller that writes nginx configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controller {
    /// `k8s.io/ingress-nginx`, which the Kubernetes project kept until March 2026.
    IngressNginx,
    /// `nginx.org/ingress-controller`, of NGINX Inc (F5).
    NginxInc,
    /// The same for its own objects, `VirtualServer` and `VirtualServerRoute`, where an upstream has fields.
    VirtualServer,
}

/// How a controller reads the value of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// A whole number of seconds without a unit (`strconv.Atoi`); what is none is ignored.
    Seconds,
    /// A time of nginx, with units or without.
    Time,
    /// `on` or `off`.
    OnOff,
    /// What Go takes for a truth value.
    Bool,
    /// `1.0` or `1.1`.
    HttpVersion,
    /// A size of nginx.
    Size,
}

/// An annotation that becomes the first word of a directive.
#[derive(Debug)]
pub(super) struct Knob {
    /// Behind the controller's prefix.
    pub(super) annotation: &'static str,
    pub(super) directive: &'static str,
    pub(super) reads: Reads,
    /// What the controller writes without the annotation; `None` where it writes nothing, or what nginx does anyway.
    pub(super) given: Option<&'static str>,
}

const fn knob(
    annotation: &'static str,
    directive: &'static str,
    reads: Reads,
    given: Option<&'static str>,
) -> Knob {
    Knob { annotation, directive, reads, given }
}

/// `proxy_read_timeout` and its kin are written as they are only where an annotation sets them: the default of both
/// controllers is nginx's, 60 seconds, and a `ConfigMap` may change it.
const OF_INGRESS_NGINX: &[Knob] = &[
    knob("proxy-connect-timeout", "proxy_connect_timeout", Reads::Seconds, None),
    knob("proxy-send-timeout", "proxy_send_timeout", Reads::Seconds, None),
    knob("proxy-read-timeout", "proxy_read_timeout", Reads::Seconds, None),
    knob("proxy-buffering", "proxy_buffering", Reads::OnOff, Some("off")),
    knob("proxy-buffer-size", "proxy_buffer_size", Reads::Size, None),
    knob("proxy-request-buffering", "proxy_request_buffering", Reads::OnOff, None),
    knob("proxy-http-version", "proxy_http_version", Reads::HttpVersion, Some("1.1")),
];

const OF_NGINX_INC: &[Knob] = &[
    knob("proxy-connect-timeout", "proxy_connect_timeout", Reads::Time, None),
    knob("proxy-read-timeout", "proxy_read_timeout", Reads::Time, None),
    knob("proxy-send-timeout", "proxy_send_timeout", Reads::Time, None),
    knob("proxy-buffering", "proxy_buffering", Reads::Bool, None),
    knob("proxy-buffer-size", "proxy_buffer_size", Reads::Size, None),
];

/// `internal/configs/version2/nginx.virtualserver.tmpl`.
const OF_VIRTUAL_SERVER: &[Knob] = &[
    knob("connect-timeout", "proxy_connect_timeout", Reads::Time, None),
    knob("read-timeout", "proxy_read_timeout", Reads::Time, None),
    knob("send-timeout", "proxy_send_timeout", Reads::Time, None),
    knob("buffering", "proxy_buffering", Reads::Bool, None),
    knob("buffer-size", "proxy_buffer_size", Reads::Size, None),
];

/// What the names of the annotations of ingress-nginx start with.
pub(super) const PREFIX_OF_INGRESS_NGINX: &str = "nginx.ingress.kubernetes.io/";
/// The same of NGINX Inc's controller.
pub(super) const PREFIX_OF_NGINX_INC: &str = "nginx.org/";

impl Controller {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IngressNginx => "ingress-nginx",
            Self::NginxInc | Self::VirtualServer => "NGINX Ingress Controller",
        }
    }

    /// What says something to it, and of which object, in words.
    pub const fn holder(self) -> (&'static str, &'static str) {
        match self {
            Self::IngressNginx | Self::NginxInc => ("the annotation ", "the Ingress"),
            Self::VirtualServer => ("", "the upstream of the VirtualServer"),
        }
    }

    /// What the names of its annotations start with.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::IngressNginx => PREFIX_OF_INGRESS_NGINX,
            Self::NginxInc => PREFIX_OF_NGINX_INC,
            Self::VirtualServer => "",
        }
    }

    pub(super) const fn knobs(self) -> &'static [Knob] {
        match self {
            Self::IngressNginx => OF_INGRESS_NGINX,
            Self::NginxInc => OF_NGINX_INC,
            Self::VirtualServer => OF_VIRTUAL_SERVER,
        }
    }

    pub(super) fn knob(self, directive: &str) -> Option<&'static Knob> {
        self.knobs().iter().find(|knob| knob.directive == directive)
    }

    /// The one whose annotations people write for this one.
    pub(super) const fn other(self) -> Option<Self> {
        match self {
            Self::IngressNginx => Some(Self::NginxInc),
            Self::NginxInc => Some(Self::IngressNginx),
            Self::VirtualServer => None,
        }
    }

    /// The controller of an `IngressClass`, by its `spec.controller`.
    pub(super) fn of_class(controller: &str) -> Option<Self> {
        match controller {
            "k8s.io/ingress-nginx" => Some(Self::IngressNginx),
            "nginx.org/ingress-controller" => Some(Self::NginxInc),
            _ => None,
        }
    }
}

impl Reads {
    /// Whether the controller takes a value; it ignores others.
    pub(super) fn takes(self, value: &str) -> bool {
        match self {
            Self::Seconds => {
                let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
                !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
            Self::Time => is_time(value),
            Self::OnOff => matches!(value, "on" | "off"),
            Self::Bool => truth(value).is_some(),
            Self::HttpVersion => matches!(value, "1.0" | "1.1"),
            Self::Size => {
                let digits = value.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
                !digits.is_empty()
                    && value.len() <= digits.len() + 1
                    && digits.bytes().all(|byte| byte.is_ascii_digit())
            }
        }
    }

    /// What a controller writes behind the value as it is.
    pub(super) const fn unit(self) -> &'static str {
        if matches!(self, Self::Seconds) { "s" } else { "" }
    }

    /// What a controller writes for a value that it takes; `None` if it writes the value as it is. Go reads numbers of
    /// seconds in base 10 with or without a sign, and prints them without zeros and `+`.
    pub(super) fn printed(self, value: &str) -> Option<String> {
        match self {
            Self::Bool => truth(value).map(|is_on| if is_on { "on" } else { "off" }.to_owned()),
            Self::Seconds => {
                let printed = value.parse::<i64>().ok()?.to_string();
                (printed != value).then_some(printed)
            }
            _ => None,
        }
    }

    /// Whether nginx refuses what a controller writes for a value that it takes.
    pub(super) fn is_refused(self, value: &str) -> bool {
        matches!(self, Self::Seconds) && value.parse::<i64>().is_ok_and(|seconds| seconds < 0)
    }

    /// The value of an annotation that becomes this word of a directive; `None` where none does.
    pub(super) fn written(self, word: &str) -> Option<String> {
        match self {
            Self::Seconds => seconds(word).map(|seconds| seconds.to_string()),
            Self::Bool => Some(if word == "on" { "true" } else { "false" }.to_owned()),
            _ => self.takes(word).then(|| word.to_owned()),
        }
    }

    /// What a value has to be, in words.
    pub(super) const fn wants(self) -> &'static str {
        match self {
            Self::Seconds => "a number of seconds without a unit",
            Self::Time => "a time of nginx, such as `1h`",
            Self::OnOff => "`on` or `off`",
            Self::Bool => "`true` or `false`",
            Self::HttpVersion => "`1.0` or `1.1`",
            Self::Size => "a size of nginx, such as `8k`",
        }
    }
}

/// What Go's `strconv.ParseBool` makes of a word.
pub(super) fn truth(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Units of nginx's times, the longest first, in seconds; milliseconds are none.
const UNITS: [(&str, u64); 6] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1), ("", 1)];

/// Whether NGINX Inc's controller takes a time: `timeRegexp` of `internal/configs/parsing_helpers.go`.
fn is_time(value: &str) -> bool {
    let mut rest = value.trim();
    if rest.is_empty() {
        return false;
    }
    let mut units = ["y", "M", "w", "d", "h", "m", "s", "ms"].iter();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        let unit = if unit.is_empty() { "s" } else { unit };
        if number.is_empty() || !units.any(|known| *known == unit) {
            return false;
        }
        rest = behind.trim_start();
    }
    true
}

/// A time of nginx in whole seconds.
fn seconds(word: &str) -> Option<u64> {
    let mut rest = word;
    let mut all: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        all = all.checked_add(number.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = behind;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::{Reads, seconds};

    #[test]
    fn what_a_controller_takes() {
        for (reads, value, is_taken) in [
            (Reads::Seconds, "3600", true),
            (Reads::Seconds, "3600s", false),
            (Reads::Seconds, "1h", false),
            (Reads::Seconds, " 3600", false),
            (Reads::Seconds, "", false),
            (Reads::Time, "3600", true),
            (Reads::Time, "3600s", true),
            (Reads::Time, "1h 30m", true),
            (Reads::Time, "30m 1h", false),
            (Reads::Time, "soon", false),
            (Reads::OnOff, "true", false),
            (Reads::Bool, "True", true),
            (Reads::Bool, "on", false),
            (Reads::HttpVersion, "2", false),
            (Reads::Size, "16k", true),
            (Reads::Size, "k", false),
        ] {
            assert_eq!(reads.takes(value), is_taken, "{reads:?} {value:?}");
        }
    }

    #[test]
    fn what_a_controller_prints() {
        for (reads, value, printed) in [
            (Reads::Seconds, "3600", None),
            (Reads::Seconds, "+3600", Some("3600")),
            (Reads::Seconds, "0060", Some("60")),
            (Reads::Seconds, "-1", None),
            (Reads::Bool, "T", Some("on")),
            (Reads::Time, "1h", None),
        ] {
            assert_eq!(reads.printed(value).as_deref(), printed, "{reads:?} {value:?}");
        }
        assert!(Reads::Seconds.is_refused("-1") && !Reads::Seconds.is_refused("-0"));
        assert!(!Reads::Seconds.is_refused("3600") && !Reads::Time.is_refused("-1"));
    }

    #[test]
    fn times_in_seconds() {
        let all = [("3600s", Some(3_600)), ("1h30m", Some(5_400)), ("1d", Some(86_400)), ("10ms", None)];
        for (word, value) in all {
            assert_eq!(seconds(word), value, "{word}");
        }
    }
}
