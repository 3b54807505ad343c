# setup.sh - what quickstart and run-tests have in common: packages and the build in ./build.
# Sourced; $top is the source directory. Long output goes to build/setup.log.
# shellcheck shell=sh disable=SC2154

fail() { # STATUS TEXT
    printf '%s: %s\n' "${0##*/}" "$2" >&2
    exit "$1"
}

# Runs a long command quietly; when it fails, the end of what it said is shown.
quietly() { # WHAT COMMAND...
    what=$1
    shift
    printf '%s ... ' "$what" >&2
    if "$@" >>"$top/build/setup.log" 2>&1; then
        echo 'done' >&2
    else
        echo failed >&2
        tail -n 30 "$top/build/setup.log" >&2
        fail 1 "$what failed; all of it is in $top/build/setup.log"
    fi
}

missing_packages() { # LIST...
    sed -e '/^#/d' -e '/^$/d' -e 's/ .*//' "$@" |
        while read -r package; do
            case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
            *' installed') ;;
            *) printf '%s ' "$package" ;;
            esac
        done
}

# Debian starts the services of what it installs unless policy-rc.d forbids it.
without_services() { # COMMAND...
    policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] || {
        trap 'rm -f "$policy"' EXIT
        trap 'exit 1' INT TERM HUP
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    }
    "$@"
}

# What is missing of build-aux/LIST, by default of packages.
# shellcheck disable=SC2120 # quickstart has no list of its own
install_packages() { # LIST...
    mkdir -p "$top/build"
    : >"$top/build/setup.log"
    command -v dpkg-query >/dev/null ||
        fail 1 "this script knows Debian only; the packages needed are in build-aux/packages"
    missing=$(cd "$top/build-aux" && missing_packages "${@:-packages}")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        fail 1 "packages are missing; install them with: apt-get install -y $missing"
    fi
    export DEBIAN_FRONTEND=noninteractive
    quietly 'reading the lists of packages' apt-get update -q
    case " $missing" in
    # The tests configure a Postfix of their own; the machine's stays without configuration.
    *' postfix '*)
        quietly 'answering what Postfix asks' debconf-set-selections <<'END'
postfix postfix/main_mailer_type select No configuration
END
        ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    (without_services quietly "installing $missing" \
        apt-get install -y -q --no-install-recommends $missing)
}

# The last configure is older than what it is made from, or had other options.
needs_configure() { # OPTION...
    [ -f "$top/build/Makefile" ] || return 0
    [ -z "$(find "$top/configure.ac" -newer "$top/build/config.status")" ] || return 0
    for option; do
        grep -q -e "$option" "$top/build/config.status" || return 0
    done
    return 1
}

# Something that is installed is newer than the last installation. Libtool links what it installs
# once more, in the build's own folder: that must not happen below running tests for nothing.
needs_install() {
    [ -f "$top/build/install/.done" ] || return 0
    [ -n "$(find "$top"/build/store "$top"/build/convert "$top"/build/mod_* "$top"/build/tools \
        "$top/conf" -newer "$top/build/install/.done" \
        \( -name '*.la' -o -name 'okapi-[a-z]*' -type f -path '*/tools/*' -o -path '*/conf/*' \) \
        ! -path '*/.libs/*')" ]
}

# Builds everything in ./build and installs it into ./build/install.
# shellcheck disable=SC2120 # quickstart has no options for configure
build() { # CONFIGURE-OPTION...
    if needs_configure "$@"; then
        quietly 'preparing' autoreconf -fi "$top"
        quietly 'configuring' env -C "$top/build" ../configure --prefix="$top/build/install" "$@"
    fi
    quietly 'building' make -C "$top/build" -j"$(nproc)"
    if needs_install; then
        quietly 'installing into build/install' make -C "$top/build" install
        touch "$top/build/install/.done"
    fi
}
