//! JSON Schemas of the outputs for programs, from the types that are written.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::rows::{Rows, Trace};
use super::{BaselineFile, endpoints_v1, lines, logs_v1, probe_v1, rules_v1, trace_v1, v1};

/// The name of each schema's file below docs/schemas, without its ending, and its text with a line feed at its end.
pub fn output_schemas() -> [(&'static str, String); 8] {
    [
        ("baseline.v1", text::<BaselineFile>()),
        ("lines.v1", text::<lines::Any<'_>>()),
        ("rules.v1", text::<rules_v1::Output<'_>>()),
        ("output.v1", text::<v1::Output<'_>>()),
        ("endpoints.v1", text::<endpoints_v1::Output<'_>>()),
        ("logs.v1", text::<logs_v1::Output<'_>>()),
        ("probe.v1", text::<probe_v1::Output<'_>>()),
        ("trace.v1", text::<trace_v1::Output<'_>>()),
    ]
}

/// Of what is written, so that a field that is always there is required. Fields are added: others are allowed.
fn text<T: JsonSchema>() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    format!("{:#}\n", generator.into_root_schema_for::<T>().as_value())
}

/// A schema that is that of another type.
macro_rules! as_other {
    ([$($generics:tt)*] $type:ty => $other:ty) => {
        impl<$($generics)*> JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                <$other>::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$other>::json_schema(generator)
            }
        }
    };
}

as_other!([T, R: JsonSchema] Rows<'_, T, R> => Vec<R>);
as_other!([] Trace<'_> => Vec<v1::Step<'static>>);
as_other!([] v1::Hash => String);
as_other!([] v1::Page => String);
