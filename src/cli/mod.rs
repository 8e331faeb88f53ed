//! One file per subcommand; composes all the rest.
