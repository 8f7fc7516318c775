package Weir::Redis;

# A Redis server of a test's own, which is killed, hangs and comes back.
use strict;
use warnings;

# new(gateway, port): with the password "secret"; it ends with the gateway.
sub new {
	my ($class, $w, $port) = @_;
	my $self = bless { w => $w, port => $port }, $class;

	$self->start;
	return $self;
}

sub start {
	my ($self) = @_;
	my ($w, $port) = @$self{qw(w port)};

	$self->{pid} = $w->peer("/usr/bin/redis-server", "--port", $port,
	    "--bind", "127.0.0.1", "--save", "", "--requirepass", "secret",
	    "--dir", $w->{dir}, "--logfile", "$w->{dir}/redis.log");
	$w->wait_port($port);
}

# What it has kept goes with it.
sub kill {
	my ($self) = @_;

	CORE::kill KILL => $self->{pid};
	waitpid $self->{pid}, 0;
}

# As long as it hangs, connections are taken and nothing is answered.
sub hang { CORE::kill STOP => $_[0]{pid} }
sub go_on { CORE::kill CONT => $_[0]{pid} }

# What it says in database 2.
sub ask {
	my ($self, @words) = @_;
	my $said =
	    `redis-cli -p $self->{port} -a secret --no-auth-warning -n 2 @words 2>&1`;

	chomp $said;
	return $said;
}

1;
