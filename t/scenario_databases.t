#!/usr/bin/perl
# The scenarios of the founding documents whose tables are in MySQL and LDAP,
# with the parameters that they had then (F-48, F-49, F-54, F-80 to F-87, F-90,
# F-91, F-93 to F-96).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;
use Weir::Users;

my $why = Weir::Users::enter("kdent", "helene");
plan skip_all => $why if $why;
my $d = Weir::Users::dir();
my $w = Weir::Scenario->new(base => <<"EOT", start => 0);
mydestination = example.com
mail_spool_directory = $d/spool
relayhost = [127.0.0.1]:\${port:sink}
mynetworks = 127.0.0.0/8
EOT
my $dir = $w->{dir};
my ($me, @servers) = $$;
END {
	local $?;
	if ($$ == ($me // 0)) {
		system("sh", "t/lib/server.sh", "stop", $_) for @servers;
	}
}
$w->sink("sink");

sub server {
	my ($kind, $init, $schema) = @_;
	my $place = "$dir/$kind";

	mkdir $place;
	chmod 0755, $place;
	$w->write_file("$place/init", $init);
	$w->write_file("$place/schema", $schema) if $schema;
	is system("sh", "t/lib/server.sh", "start", $kind, $place,
	    $w->port($kind)), 0, "$kind serves"
	    or diag Weir::read_file("$place/log");
	push @servers, $place;
}

sub asked {
	my ($key, $table) = @_;
	my (undef, $text) = $w->command("postmap", "-q", $key, $table);

	return $text;
}

sub mail {
	my ($to) = @_;
	my $reply = $w->send_mail(to => $to);
	my ($qid) = $reply =~ /queued as (\w+)$/;

	ok defined $qid && $w->wait_log(qr/qmgr\[\d+\]: $qid: removed/),
	    "mail to $to" or diag $reply;
}

SKIP: {
	skip "no MariaDB server here", 1 if !grep { -x "$_/mariadbd" }
	    qw(/usr/sbin /usr/local/sbin /usr/local/libexec);
	subtest "S-024, S-168, S-169: MySQL" => \&mysql;
}
SKIP: {
	skip "no OpenLDAP server here", 1
	    if !-x "/usr/sbin/slapd" || !-d "/etc/ldap/schema";
	subtest "S-170, S-171: LDAP" => \&ldap;
}
$w->finish;

sub mysql {
	my $uid = getpwnam "nobody";
	my $gid = (getpwnam "nobody")[3];
	server("mysql", <<'EOT');
CREATE DATABASE user_accounts; USE user_accounts;
CREATE TABLE email_address (localpart varchar(15) PRIMARY KEY,
    type varchar(15), to_address varchar(65));
INSERT INTO email_address VALUES
    ('kdent', 'forward', 'kyle.dent@ora.com'), ('helene', 'local', NULL);
CREATE DATABASE customer; USE customer;
CREATE TABLE email_address (domain varchar(65), mail_address varchar(65),
    mailbox varchar(65));
INSERT INTO email_address VALUES
    ('ora.com', 'kdent@ora.com', 'ora.com/kdent'),
    ('ora.com', 'info@ora.com', 'ora.com/info/');
CREATE USER kdent IDENTIFIED BY 'Rumpelstiltskin';
GRANT ALL ON user_accounts.* TO kdent; GRANT ALL ON customer.* TO kdent;
EOT
	my $access = <<'EOT';
hosts = 127.0.0.1:${port:mysql}
user = kdent
password = Rumpelstiltskin
EOT
	my $accounts = $access . <<'EOT';
dbname = user_accounts
table = email_address
EOT
	my $customer = $access . <<'EOT';
dbname = customer
table = email_address
EOT
	$w->write_file("mysql-local.cf", "#\n# mysql-local.cf - local " .
	    "recipients for mail server.\n#\n$accounts" .
	    "select_field = localpart\nwhere_field = localpart\n");
	$w->write_file("mysql-alias.cf", "# forwarding aliases\n$accounts" .
	    "select_field = to_address\nwhere_field = localpart\n" .
	    "additional_conditions = and type = 'forward'\n");
	$w->write_file("virtual_domains.cf", $customer .
	    "select_field = domain\nwhere_field = domain\n");
	$w->write_file("virtual_mailboxes.cf", $customer .
	    "select_field = mailbox\nwhere_field = mail_address\n");
	is asked("kdent", "mysql:$dir/etc/mysql-local.cf"), "kdent\n",
	    "S-168: postmap -q";

	$w->index_table("alias", "kdent kyle.dent\@ora.com\n");
	for my $key ("kdent", "helene", "nobody") {
		is asked($key, "mysql:$dir/etc/mysql-alias.cf"),
		    asked($key, "hash:$dir/etc/alias"),
		    "S-024: $key: as in a file";
	}

	$w->restart(<<"EOT");
local_recipient_maps = mysql:$dir/etc/mysql-local.cf
alias_maps = mysql:$dir/etc/mysql-alias.cf
EOT
	is $w->rcpt('joe@example.com'), '550 5.1.1 <joe@example.com>: ' .
	    'Recipient address rejected: User unknown in local recipient table',
	    "S-168: not in the table";
	mail($_) for 'kdent@example.com', 'helene@example.com';
	like +($w->messages("$dir/sink", 1))[0], qr/^X-To: <kyle\.dent\@ora\.com>/m,
	    "S-168: forwarded";
	like Weir::read_file("$d/spool/helene"), qr/^From /,
	    "S-168: delivered here";

	mkdir $_ for "$dir/vmail", "$dir/vmail/ora.com";
	chown $uid, $gid, "$dir/vmail", "$dir/vmail/ora.com";
	$w->restart(<<"EOT");
virtual_mailbox_base = $dir/vmail
virtual_uid_maps = static:$uid
virtual_gid_maps = static:$gid
virtual_mailbox_domains = mysql:$dir/etc/virtual_domains.cf
virtual_mailbox_maps = mysql:$dir/etc/virtual_mailboxes.cf
EOT
	mail($_) for 'kdent@ora.com', 'info@ora.com';
	like Weir::read_file("$dir/vmail/ora.com/kdent"), qr/\AFrom /,
	    "S-169: a mailbox file";
	is scalar(my @m = glob "$dir/vmail/ora.com/info/new/*"), 1,
	    "S-169: a maildir";
	is $w->rcpt('joe@ora.com'), '550 5.1.1 <joe@ora.com>: Recipient ' .
	    'address rejected: User unknown in virtual mailbox table',
	    "S-169: not in the table";
}

sub ldap {
	my $person = sub {
		my ($uid, $status, $more) = @_;
		return "dn: uid=$uid,dc=example,dc=com\n" .
		    "objectClass: inetOrgPerson\n" .
		    "objectClass: mailAccount\nobjectClass: " .
		    "inetLocalMailRecipient\nsn: x\ncn: $uid\nuid: $uid\n" .
		    "mail: $uid\@example.com\naccountStatus: $status\n" .
		    ($more // "") . "\n";
	};
	server("ldap", "dn: dc=example,dc=com\nobjectClass: organization\n" .
	    "objectClass: dcObject\no: x\ndc: example\n\n" .
	    $person->("kdent", "active") . $person->("frank", "disabled") .
	    $person->("csagan", "active", "mailHost: [127.0.0.1]:" .
		$w->port("inner") . "\n"), <<'EOT');
attributetype ( 1.1.2.1.1 NAME 'accountStatus'
	EQUALITY caseIgnoreIA5Match
	SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 SINGLE-VALUE )
objectclass ( 1.1.2.2.1 NAME 'mailAccount' SUP top AUXILIARY
	MAY accountStatus )
EOT
	$w->sink("inner");
	$w->restart(<<'EOT');
alias_maps =
local_recipient_maps = ldap:ldaplocal
ldaplocal_server_host = 127.0.0.1
ldaplocal_server_port = ${port:ldap}
ldaplocal_search_base = dc=example, dc=com
ldaplocal_query_filter = (&(mail=%s)(accountStatus=active))
ldaplocal_result_attribute = uid
transport_maps = ldap:ldaptransport
ldaptransport_server_host = 127.0.0.1
ldaptransport_server_port = ${port:ldap}
ldaptransport_search_base = dc=example, dc=com
ldaptransport_query_filter = (&(mail=%s)(accountStatus=active))
ldaptransport_result_attribute = mailHost
ldaptransport_result_filter = relay:%s
EOT
	is asked('kdent@example.com', "ldap:ldaplocal"), "kdent\n",
	    "S-170: postmap -q";
	is $w->rcpt('kdent@example.com'), "250 2.1.5 Ok", "S-170: active";
	is $w->rcpt("$_\@example.com"), "550 5.1.1 <$_\@example.com>: " .
	    "Recipient address rejected: User unknown in local recipient table",
	    "S-170: $_" for "frank", "nobody-there";
	mail('csagan@example.com');
	like +($w->messages("$dir/inner", 1))[0],
	    qr/^X-To: <csagan\@example\.com>/m, "S-171: to his mailHost";
	mail('kdent@example.com');
	like Weir::read_file("$d/spool/kdent"), qr/^From /,
	    "S-171: who has none is local";
}
