//! The graph in an artifact: every array as it lies in memory.

use super::{Codes, Graph, GraphParams};
use crate::scan::Space;
use mercato_core::{Artifact, ArtifactWriter, Error, Result};

impl Graph {
    pub(crate) fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        self.codes.write(w, "codes")?;
        w.meta("graph", &(self.layers.len(), self.entry, self.params.alpha))?;
        for (l, links) in self.layers.iter().enumerate() {
            w.column(&format!("links.{l}"), links)?;
        }
        Ok(())
    }

    /// Opens in constant time: lengths are checked here, links when they are followed.
    pub(crate) fn read(
        a: &Artifact,
        space: Space,
        n: usize,
        dim: usize,
        m: usize,
        ef_construction: usize,
    ) -> Result<Self> {
        let (layers, entry, alpha): (usize, u32, f32) = a.meta_field("graph")?;
        let codes = Codes::read(a, "codes", space, n, dim)?;
        let params = GraphParams { m, ef_construction, alpha };
        let mut graph = Graph { codes, params, layers: Vec::new(), entry, unchecked: 0 };
        if layers == 0 || layers > 64 || (entry as usize >= n && n > 0) {
            return Err(Error::corrupt("the graph has no layers or no entry"));
        }
        let mut above = n;
        for l in 0..layers {
            let links = a.column(&format!("links.{l}"))?;
            let width = graph.width(l);
            let nodes = links.len() / width;
            if !links.len().is_multiple_of(width) || nodes > above || (l == 0 && nodes != n) {
                return Err(Error::corrupt(format!("layer {l} does not fit the graph")));
            }
            above = nodes;
            graph.layers.push(links);
        }
        Ok(graph)
    }
}
