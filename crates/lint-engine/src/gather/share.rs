//! What many endpoints have in common is kept once.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashSet;
use lint_finding::{EndpointRow, PeerRow, Setting, TableRow};

/// Names of header lines with what they set.
type Headers = Arc<[(Arc<str>, Setting)]>;

/// Texts and lists of rows: the settings of ten thousand endpoints are the same few words.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    texts: HashSet<Arc<str>>,
    names: HashSet<Arc<[String]>>,
    /// The last lists of names and of `listen` lines, as they came and as they are kept: those of a server, which may be
    /// thousands, come again with each of its endpoints.
    last: [Option<[Arc<[String]>; 2]>; 2],
    headers: HashSet<Headers>,
    peers: HashSet<Arc<[PeerRow]>>,
}

impl Shared {
    /// The row, with what it has in common with those before.
    pub(crate) fn row(&mut self, mut row: EndpointRow) -> EndpointRow {
        let EndpointRow { http_version, upgrade, connection, host, idle_timeout, .. } = &mut row;
        for setting in [http_version, upgrade, connection, host, idle_timeout] {
            let texts = setting.value.iter_mut().chain(&mut setting.note);
            texts.for_each(|text| share(&mut self.texts, text));
        }
        row.evidence.iter_mut().for_each(|evidence| share(&mut self.texts, &mut evidence.text));
        for (last, own) in self.last.iter_mut().zip([&mut row.server_names, &mut row.listens]) {
            match last {
                Some([came, kept]) if Arc::ptr_eq(came, own) => *own = Arc::clone(kept),
                _ => {
                    let came = Arc::clone(own);
                    share(&mut self.names, own);
                    *last = Some([came, Arc::clone(own)]);
                }
            }
        }
        share(&mut self.headers, &mut row.other_headers);
        row
    }

    /// The same for a row of the table, which has the peers of its upstream too.
    pub(crate) fn table_row(&mut self, mut row: TableRow) -> TableRow {
        share(&mut self.peers, &mut row.peers);
        share(&mut self.peers, &mut row.balancing);
        TableRow { endpoint: self.row(row.endpoint), ..row }
    }
}

fn share<T: ?Sized + Hash + Eq>(known: &mut HashSet<Arc<T>>, own: &mut Arc<T>) {
    match known.get(&**own) {
        Some(same) => *own = Arc::clone(same),
        None => _ = known.insert(Arc::clone(own)),
    }
}
