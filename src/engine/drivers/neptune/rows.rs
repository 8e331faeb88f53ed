//! What a store is asked, in its own language, SPARQL.

/// Whether any graph has a statement.
pub(super) const HAS_ANY: &str = "ASK { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }";

/// How many statements all graphs have.
pub(super) const COUNT: &str = "SELECT (COUNT(*) AS ?n) { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }";
