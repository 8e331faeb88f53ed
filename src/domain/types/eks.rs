//! EKS clusters.

use crate::domain::types::facts::{ArnForm, TypeFacts};
use crate::domain::types::keys::Kind::{Bool, Json, List, Text};
use crate::domain::types::keys::{KeyFact, may, must};

/// What is known of the type.
pub static FACTS: TypeFacts = TypeFacts {
    arns: &[ArnForm { service: "eks", resource: "cluster/*" }],
    tagged_as: &["eks:cluster"],
    is_composite: true,
    restore_keys: KEYS,
    can_go_cold: true,
    is_fully_managed: true,
    ..TypeFacts::named("EKS")
};

const KEYS: &[KeyFact] = &[
    must("clusterName", Text, "the cluster"),
    may("newCluster", Bool, "whether it is made anew"),
    may("eksClusterVersion", Text, "its version"),
    may("clusterRole", Text, "its role"),
    may("encryptionConfigProviderKeyArn", Text, "its key"),
    may("clusterVpcConfig", Json, "its network"),
    may("nodeGroups", Json, "its node groups"),
    may("fargateProfiles", Json, "its Fargate profiles"),
    may("podIdentityAssociations", Json, "its pod identities"),
    may("kubernetesRestoreOrder", Json, "what comes first"),
    may("namespaceLevelRestore", Bool, "whether only some namespaces come back"),
    may("namespaces", List, "those, at most five"),
    may("restoreKubernetesManifestsOnly", Bool, "whether volumes stay away"),
    may("nestedRestoreJobs", Json, "metadata of the nested restores"),
];
