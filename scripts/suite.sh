# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Sourced, not run: packages of other releases of this distribution, without touching the system's
# apt. Every release ("suite") gets a private set of apt directories in the cache; the mirror and
# the keyring are read from the system's own sources when needed, so no host is written down here.

cache=${PYLEAK_CACHE:-/var/cache/pyleak}

# suite_source SUITE: the line of a sources.list for that suite, derived from the system's own sources.
suite_source() {
	local id keyring mirror component=main
	# shellcheck source=/dev/null
	id=$(. /etc/os-release && echo "$ID")
	keyring=/usr/share/keyrings/$id-archive-keyring.gpg
	mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources 2>/dev/null |
		sed -nE "s|^deb .*(https?://[^ ]*/$id/?) .*|\1|p; s|^URIs: *(https?://[^ ]*/$id/?)( .*)?$|\1|p" |
		head -n 1)
	if [ -z "$mirror" ] || [ ! -r "$keyring" ]; then
		echo "no mirror of $id in the system's apt sources, or no keyring $keyring" >&2
		return 1
	fi
	[ "$id" != ubuntu ] || component="main universe"
	echo "deb [signed-by=$keyring] $mirror $1 $component"
}

# suite_apt SUITE COMMAND...: an apt command in that suite's private directories.
suite_apt() {
	local suite=$1 command=$2 dir=$cache/apt/$1
	shift 2
	if [ ! -s "$dir/sources.list" ]; then
		mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
		: >"$dir/status"
		suite_source "$suite" >"$dir/sources.list" || return 1
	fi
	"$command" -o Dir::State="$dir/state" -o Dir::State::status="$dir/status" \
		-o Dir::Cache="$dir/cache" -o Dir::Etc::sourcelist="$dir/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Debug::NoLocking=1 -o APT::Sandbox::User=root -o APT::Install-Recommends=0 \
		-o Acquire::Languages=none -o Acquire::Check-Valid-Until=false "$@"
}

# suite_update SUITE [force]: fetch the suite's package index once, or again.
suite_update() {
	local list
	for list in "$cache/apt/$1/state/lists/"*Packages*; do
		[ ! -e "$list" ] || [ -n "${2:-}" ] || return 0
	done
	suite_apt "$1" apt-get update -qq >&2
}

# suite_unpack SUITE ROOT PACKAGE...: download the packages, for `+PACKAGE` with everything it depends
# on, and unpack them below ROOT. No maintainer script runs.
suite_unpack() {
	local suite=$1 root=$2 name archives=() with=() alone=()
	shift 2
	for name; do
		case $name in
		+*) with+=("${name#+}") ;;
		*) alone+=("$name") ;;
		esac
	done
	suite_update "$suite" || return 1
	local dir=$cache/apt/$suite/cache/archives
	rm -f "$dir"/*.deb
	if ! suite_fetch "$suite" "$dir" >/dev/null 2>&1; then
		# The index may be older than the mirror, which keeps only the newest version of a package.
		suite_update "$suite" force && suite_fetch "$suite" "$dir" >&2 || return 1
	fi
	mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64"
	for name in bin sbin lib lib64; do
		[ -e "$root/$name" ] || ln -s "usr/$name" "$root/$name"
	done
	archives=("$dir"/*.deb)
	for name in "${archives[@]}"; do
		dpkg-deb --fsys-tarfile "$name" | tar -x -C "$root" --keep-directory-symlink || return 1
		rm -f "$name"
	done
}

# Used by suite_unpack, whose lists it sees.
suite_fetch() {
	local suite=$1 dir=$2
	if [ ${#with[@]} -gt 0 ]; then
		suite_apt "$suite" apt-get install -y -qq -d "${with[@]}" || return 1
	fi
	if [ ${#alone[@]} -gt 0 ]; then
		(cd "$dir" && suite_apt "$suite" apt-get download -qq "${alone[@]}") || return 1
	fi
}
