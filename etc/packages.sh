#!/bin/sh
# Install what building and testing need from Debian's packages: nothing if all
# is there, and only as root.

[ "${PACKAGES:-yes}" = yes ] || exit 0

build='gcc make pkg-config libc6-dev libssl-dev libpcre2-dev libunbound-dev
    liblmdb-dev libicu-dev libidn2-dev libseccomp-dev libpq-dev
    libmariadb-dev libldap-dev libsasl2-dev libsqlite3-dev
    libnsl-dev libtirpc-dev zlib1g-dev libmilter-dev libspf2-dev'
# Patterns by the thousand: two libraries with one interface.
case $(dpkg --print-architecture) in
amd64) build="$build libhyperscan-dev" ;;
arm64) build="$build libvectorscan-dev" ;;
esac
test='perl swaks libio-socket-ssl-perl libnet-ssleay-perl openssl iproute2 nsd
    dovecot-core dovecot-lmtpd cyrus-imapd postfix postfix-cdb postfix-pcre postfix-lmdb
    postfix-sqlite sqlite3 memcached strace procps python3-minimal
    postgresql-15 mariadb-server slapd ldap-utils redis-server postgrey
    postfwd postsrsd postfix-policyd-spf-python postfix-policyd-spf-perl
    python3-spf python3-yaml
    rpcbind ypserv ypbind-mt opendkim opendkim-tools miltertest m4 spamassassin
    spamc spamd spamass-milter clamav-daemon clamav-milter e2fsprogs xfsprogs
    mount util-linux'
lint='clang clang-tidy clang-format libclang-rt-dev mandoc'

missing=
for package in $build $test $lint; do
	dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
	    grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "not installed, and this is not root:$missing" >&2
	exit 0
fi

export DEBIAN_FRONTEND=noninteractive
# Servers that come with the packages are for tests to start, privately.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
	trap 'rm -f $policy' EXIT
fi
echo 'postfix postfix/main_mailer_type select Local only' |
    debconf-set-selections 2>/dev/null
echo 'slapd slapd/no_configuration boolean true' |
    debconf-set-selections 2>/dev/null
apt-get -o DPkg::Lock::Timeout=300 update -q >/dev/null
# shellcheck disable=SC2086 # a list of words
apt-get -o DPkg::Lock::Timeout=300 install -qy --no-install-recommends \
    $missing >/dev/null
