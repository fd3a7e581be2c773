#!/bin/sh
# Unpacks Debian 13's Rust, with its WebAssembly library, into the user's cache folder. No root, nothing installed, no
# change of apt's sources: for machines (and tests) whose own Rust has no library for wasm32-wasip1. Prints the folder,
# which WASMNB_RUST takes; about 210 MB are fetched, 810 MB unpacked, once.
#   rust-from-debian.sh [--find]      --find: print the folder if it is there and sound; fetch nothing
set -eu
suite=trixie
packages="cargo rustc libstd-rust-dev libstd-rust-dev-wasm32"

place="${WASMNB_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME}/.cache}/wasmnb}/rust-debian"
tree="$place/$suite"

sound() {
    [ -f "$tree/SHA256SUMS" ] && (cd "$tree" && sha256sum --check --quiet --strict SHA256SUMS >/dev/null 2>&1)
}
fail() {
    echo "rust-from-debian: $*" >&2
    exit 1
}

if sound; then
    echo "$tree"
    exit 0
fi
[ "${1:-}" != --find ] || exit 1
for tool in apt-get apt-cache dpkg-deb flock sha256sum; do
    command -v "$tool" >/dev/null 2>&1 || fail "there is no $tool: this needs a Debian"
done

# The mirror that this machine uses for Debian's main archive serves the other releases, too.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk '$2 == "Debian" && $3 == "main" { print $1; exit }')
[ -n "$mirror" ] || fail "apt has no source of Debian's main archive; run 'apt-get update' once"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || fail "there is no $keyring to check the packages with"

# Of two that begin at once, the later one waits, and finds what the first has made: it takes no compiler from who runs it.
mkdir -p "$place"
exec 9>"$place/.lock"
flock 9
if sound; then
    echo "$tree"
    exit 0
fi
work=$(mktemp -d "$place/.making.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/debs" "$work/tree/bin"
: >"$work/apt/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/apt/sources.list"

# apt with lists, cache and a record of installed packages (none) of its own.
private() {
    tool=$1
    shift
    "$tool" -qq -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$work/apt" -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
        -o Dir::Cache="$work/apt" -o Dir::Cache::archives="$work/apt/archives" -o APT::Sandbox::User= \
        -o Acquire::Languages=none -o APT::Install-Recommends=0 -o Debug::NoLocking=1 "$@"
}
echo "reading the packages of Debian $suite" >&2
private apt-get update >&2 || fail "the lists of Debian $suite cannot be fetched"

# What they need to run, without a C compiler: wasm-ld links the modules, and this machine's cc the build scripts.
needed=$(for package in $packages; do private apt-cache depends --no-recommends --no-suggests "$package"; done |
    awk '$1 == "Depends:" { print $2 }' | sort -u | grep -v -E '^(<.*|gcc|g\+\+|binutils|clang|lld|rustc|cargo)$')
needed=$(private apt-get --simulate install $needed | awk '$1 == "Inst" { print $2 }')
all=$(printf '%s\n' $needed $packages | sort -u)
echo "fetching $(echo "$all" | wc -l) packages" >&2
(cd "$work/debs" && private apt-get download $all >&2) || fail "the packages cannot be fetched"
echo "unpacking" >&2
for deb in "$work"/debs/*.deb; do
    dpkg-deb -x "$deb" "$work/tree"
done
rm -rf "$work/tree/etc" "$work/tree/usr/share"

# These programs run with the libraries they came with, not with this machine's.
loader=$(cd "$work/tree" && find usr/lib64 usr/lib -name 'ld-linux*.so.*' 2>/dev/null | head -n 1)
libraries=$(dirname "$(cd "$work/tree" && find usr/lib -name libc.so.6 | head -n 1)")
[ -n "$loader" ] || fail "the packages have no program loader in them"
for program in rustc cargo; do
    cat >"$work/tree/bin/$program" <<END
#!/bin/sh
here="\${0%/*}/.."
exec "\$here/$loader" --library-path "\$here/$libraries" "\$here/usr/bin/$program" "\$@"
END
    chmod +x "$work/tree/bin/$program"
done
"$work/tree/bin/rustc" --version >&2 || fail "the compiler does not run on this machine"
(cd "$work/tree" && find bin usr/bin usr/lib/rustlib/wasm32-wasip1 usr/lib/*/librustc_driver* usr/lib/*/libLLVM* \
    -type f -exec sha256sum {} + >SHA256SUMS)
rm -rf "$tree"
mv "$work/tree" "$tree"
echo "$tree"
