#!/bin/sh
# The browser tests drive Debian's Chromium. As root it is installed here; otherwise the tests are skipped, and say so.
set -u
command -v chromium >/dev/null 2>&1 && fc-list :lang=zh 2>/dev/null | grep -q . && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "  Chromium and Chinese fonts for the browser tests …"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null; then
        exit 0
    fi
fi
echo "WARNING: no Chromium: the browser tests will be SKIPPED. On Debian: apt-get install chromium fonts-noto-cjk" >&2
