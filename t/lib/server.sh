#!/bin/sh
# A private database server on loopback for a test.
#
#	server.sh start pgsql|mysql|ldap|redis DIR PORT
#	server.sh stop DIR
#
# "start" makes the database in DIR from DIR/init (SQL, LDIF or commands) if
# there is none, and returns when the server answers; its socket is in DIR.
# Redis listens on TLS_PORT, too; LDAP knows what DIR/schema defines, if that is
# there.  Each server ends with the test by "stop".

set -e

# A server that refuses to be root is its package's user.
as()
{
	user=$1
	shift
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
	else
		exec "$@"
	fi
}

own()
{
	[ "$(id -u)" != 0 ] || chown -R "$1" "$dir"
}

# Until a command succeeds, at most 30 seconds.
until_true()
{
	for _ in $(seq 600); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	cat "$dir/log" >&2
	return 1
}

start_pgsql()
{
	bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
	own postgres
	if [ ! -d "$dir/data" ]; then
		echo secret >"$dir/password"
		(as postgres "$bin/initdb" -D "$dir/data" -A scram-sha-256 -U weir \
		    --pwfile="$dir/password" --no-sync -E UTF8 \
		    --locale=C.UTF-8 >"$dir/log" 2>&1)
	fi
	(as postgres "$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" \
	    -c fsync=off -c listen_addresses=127.0.0.1) >>"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	until_true "$bin/pg_isready" -h 127.0.0.1 -p "$port"
	[ -e "$dir/done" ] || PGPASSWORD=secret "$bin/psql" -q -h 127.0.0.1 \
	    -p "$port" -U weir -d postgres -v ON_ERROR_STOP=1 \
	    -f "$dir/init" >>"$dir/log" 2>&1
}

# A certificate for the server, of its own authority.
certify()
{
	[ -e "$dir/cert.pem" ] || openssl req -x509 -newkey ec -days 2 -nodes \
	    -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=127.0.0.1 \
	    -addext subjectAltName=IP:127.0.0.1,DNS:127.0.0.1 \
	    -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
}

start_mysql()
{
	certify
	own mysql
	if [ ! -d "$dir/data" ]; then
		mariadb-install-db --no-defaults --user=mysql \
		    --datadir="$dir/data" --skip-test-db \
		    --auth-root-authentication-method=normal >"$dir/log" 2>&1
	fi
	(as mysql mariadbd --no-defaults --datadir="$dir/data" \
	    --socket="$dir/socket" --port="$port" --bind-address=127.0.0.1 \
	    --pid-file="$dir/data/pid" --skip-name-resolve \
	    --innodb-flush-log-at-trx-commit=0 \
	    --ssl-cert="$dir/cert.pem" --ssl-key="$dir/key.pem") >>"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	until_true mariadb-admin --no-defaults -S "$dir/socket" ping
	[ -e "$dir/done" ] ||
	    mariadb --no-defaults -S "$dir/socket" -u root <"$dir/init"
}

start_ldap()
{
	if [ ! -d "$dir/data" ]; then
		certify
		mkdir "$dir/data"
		cat >"$dir/conf" <<-END
			include /etc/ldap/schema/core.schema
			include /etc/ldap/schema/cosine.schema
			include /etc/ldap/schema/inetorgperson.schema
			include /etc/ldap/schema/misc.schema
			$([ ! -e "$dir/schema" ] || echo "include $dir/schema")
			modulepath /usr/lib/ldap
			moduleload back_mdb
			TLSCertificateFile $dir/cert.pem
			TLSCertificateKeyFile $dir/key.pem
			database mdb
			suffix "dc=example,dc=com"
			rootdn "cn=root,dc=example,dc=com"
			rootpw secret
			directory $dir/data
			dbnosync
			index mail eq
		END
		slapadd -q -f "$dir/conf" -l "$dir/init" >"$dir/log" 2>&1
	fi
	socket=ldapi://$(echo "$dir/socket" | sed 's|/|%2F|g')
	slapd -f "$dir/conf" -d 0 -h "ldap://127.0.0.1:$port/ $socket" \
	    >>"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	until_true ldapsearch -x -H "ldap://127.0.0.1:$port" -s base -b ''
}

# It keeps nothing, and so is filled at every start.
start_redis()
{
	certify
	redis-server --port "$port" --bind 127.0.0.1 --save '' \
	    --appendonly no --daemonize no --dir "$dir" \
	    --unixsocket "$dir/socket" --requirepass secret \
	    --user weir on '>word' '~*' +@all \
	    --tls-port "$TLS_PORT" --tls-auth-clients no \
	    --tls-cert-file "$dir/cert.pem" --tls-key-file "$dir/key.pem" \
	    --tls-ca-cert-file "$dir/cert.pem" >>"$dir/log" 2>&1 &
	echo $! >"$dir/pid"
	until_true redis-cli -e -s "$dir/socket" -a secret ping
	redis-cli -e -s "$dir/socket" -a secret <"$dir/init" >>"$dir/log" 2>&1
}

dir=$3 port=$4
case $1 in
start)
	# What makes each end at once, whoever is connected.
	case $2 in pgsql) echo INT ;; *) echo TERM ;; esac >"$dir/signal"
	start_"$2"
	touch "$dir/done"
	;;
stop)
	dir=$2
	pid=$(cat "$dir/pid")
	kill -"$(cat "$dir/signal")" "$pid"
	for _ in $(seq 600); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	! kill -KILL "$pid" 2>/dev/null
	rm "$dir/pid"
	;;
esac
