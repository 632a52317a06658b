# Everything that a change has to pass.
check: fmt clippy test docs

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --all-targets -- -D warnings

test:
    cargo test

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Licences, advisories, duplicate crates (cargo install cargo-deny).
deny:
    cargo deny check

# The sample site.
sample:
    cargo run --release -- build

# A stand-in for the Hemera Academy Service API on loopback.
hemera *ARGS:
    cargo run --example hemera -- {{ARGS}}
