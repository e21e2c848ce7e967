#!/bin/sh
# What Antiphon needs of Debian beside the Python packages, and which packages bring it.
#
# As root it installs what is missing; otherwise it names it in one sentence, and fails only where
# nothing can start without it. It asks for the things themselves, so it does not mind where they
# come from, and does nothing where there is no apt-get.
#
# usage: ./debian-packages.sh play|test
set -eu

# what ends without it, the thing, the package that brings it (in apt's notation);
# build: from Python 3.13 on, for which rtmidi and tinysoundfont come as source alone
needs='
start   ensurepip               python3-venv
start   libasound.so.2          libasound2t64 | libasound2
build   c++                     g++
build   Python.h                python3-dev
build   alsa/asoundlib.h        libasound2-dev
build   jack/jack.h             libjack-jackd2-dev
build   pkg-config              pkgconf
screen  libEGL.so.1             libegl1
screen  libGL.so.1              libgl1
screen  libfontconfig.so.1      libfontconfig1
screen  libfreetype.so.6        libfreetype6
screen  libglib-2.0.so.0        libglib2.0-0t64 | libglib2.0-0
screen  libdbus-1.so.3          libdbus-1-3
screen  libxkbcommon.so.0       libxkbcommon0
screen  libxkbcommon-x11.so.0   libxkbcommon-x11-0
screen  libX11-xcb.so.1         libx11-xcb1
screen  libxcb-cursor.so.0      libxcb-cursor0
screen  libxcb-icccm.so.4       libxcb-icccm4
screen  libxcb-keysyms.so.1     libxcb-keysyms1
screen  libxcb-randr.so.0       libxcb-randr0
screen  libxcb-shape.so.0       libxcb-shape0
screen  libxcb-sync.so.1        libxcb-sync1
screen  libxcb-xfixes.so.0      libxcb-xfixes0
screen  libxcb-xkb.so.1         libxcb-xkb1
screen  libwayland-client.so.0  libwayland-client0
screen  libwayland-cursor.so.0  libwayland-cursor0
tests   jackd                   jackd2
tests   jack_lsp                jack-example-tools | jackd2 (<< 1.9.22~)
tests   Xvfb                    xvfb
tests   xdotool                 xdotool
'

python=${PYTHON:-python3}
wheels_end='import sys; sys.exit(sys.version_info < (3, 13))'
python_h='import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'

here() { # thing
    case "$1" in
        ensurepip) "$python" -c 'import ensurepip' 2>/dev/null ;;
        Python.h) "$python" -c "$python_h" ;;
        *.h) [ -e "/usr/include/$1" ] ;;
        *.so.*) case "$libraries" in *"	$1 "*) ;; *) false ;; esac ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

missing() { # what ends without it...
    echo "$needs" | while read -r ends thing package; do
        case " $* " in *" ${ends:-nothing} "*) here "$thing" || echo "$package" ;; esac
    done | paste -sd, | sed 's/,/, /g'
}

case "${1:-}" in
    play) ends='screen' ;;
    test) ends='screen tests' ;;
    *) echo "usage: $0 play|test" >&2 && exit 2 ;;
esac
command -v apt-get >/dev/null || exit 0
begin=start
if "$python" -c "$wheels_end"; then begin='start build'; fi

libraries=$(/sbin/ldconfig -p)
wish=$(missing "$begin $ends")
[ -n "$wish" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive # jackd2 would ask about real-time priority
    apt-get update -qq
    exec apt-get satisfy -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$wish" </dev/null
fi

command="sudo apt-get update && sudo apt-get satisfy --no-install-recommends '$wish'"
if [ -n "$(missing "$begin")" ]; then
    echo "Antiphon cannot start without some Debian packages; type: $command" >&2
    exit 2
fi
echo "Going on without some Debian packages that windows or tests want; for them type: $command"
