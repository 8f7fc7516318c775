#!/bin/sh
# main.cf.5, made from the parameter tables: "make manual" writes it.
#
# The compiler's preprocessor reads the tables, so that a row may be written
# in any way that the code itself can read.

rows() # file: name, type, default, least, most and meaning, one row a line
{
	{
		echo '#define PARAM(name, type, ...) @ name type __VA_ARGS__'
		echo '#define NULL "-"'
		echo "#include \"$1\""
	} | ${CC:-cc} -E -P -I. -x c - | sed 's/@ /\
@ /g' | sed -n 's/^@ //p'
}

known()
{
	sed -n 's/^KNOWN(\(.*\))$/\1/p' base/known.def
}

head_of_page()
{
	cat <<'end'
.\" Made by man/params.sh from the parameter tables: do not edit.
.Dd $Mdocdate$
.Dt MAIN.CF 5
.Os
.Sh NAME
.Nm main.cf
.Nd parameters of weir
.Sh DESCRIPTION
The file
.Nm
holds the parameters of
.Xr weir 8 ,
in the syntax and with the names of Postfix.
It is read from
.Pa /etc/weir
or from the directory given with
.Fl c .
.Pp
Each logical line has the form
.Ql name = value .
White space around the value and the equals sign means nothing.
A line that begins with white space continues the line before it.
Empty lines, and lines whose first visible character is
.Ql # ,
are left out, also between a line and its continuation.
If a name occurs twice, the last value counts, with a warning.
.Pp
A value may refer to other parameters, in any order, also to such that an
administrator invents:
.Bl -tag -width Ds
.It Ic $name , ${name} , $(name)
the value of
.Va name ,
expanded; nothing if there is none
.It Ic ${name?text} , ${name?{text}}
.Ar text
if the value of
.Va name
is not empty
.It Ic ${name:text} , ${name:{text}}
.Ar text
if it is empty
.It Ic ${name?{text1}:{text2}}
one of two texts
.It Ic ${{text1} op {text2}?{text3}:{text4}}
.Ar text3
if the comparison holds, else
.Ar text4 .
.Ar op
is one of == != < <= > >=, and compares numbers if both sides are made of
digits only; with the word
.Ql level
behind it, it compares versions, as in
.Ic ${{$compatibility_level} <level {3.6}?{yes}:{no}}
.It Ic $$
a dollar sign
.El
.Pp
A time is a number and one of the letters s, m, h, d, and w for seconds,
minutes, hours, days, and weeks; without a letter it has the unit of the
default.
A list is separated by commas or white space, and what stands in { } is one
element.
.Pp
Options
.Fl o Ar name Ns = Ns Ar value
in
.Xr master.cf 5
replace parameters for one service.
.Pp
A name that nothing knows or refers to is reported by
.Ic weir check ,
with a suggestion, and so is one that has no effect.
.Sh PARAMETERS
.Bl -tag -width Ds
end
}

# One .It for each row.  A line that begins with a dot or a quote would be a
# request, and a backslash an escape.
items()
{
	awk '
	function take(    text) { # the next string or word of rest
		sub(/^[ ,]*/, "", rest)
		if (rest !~ /^"/) {
			match(rest, /^[^ ,]*/)
			text = substr(rest, 1, RLENGTH)
			rest = substr(rest, RLENGTH + 1)
			return text
		}
		text = ""
		while (rest ~ /^[ ]*"/) { # adjacent strings are one
			sub(/^[ ]*"/, "", rest)
			while (rest != "" && rest !~ /^"/) {
				if (rest ~ /^\\/)
					rest = substr(rest, 2)
				text = text substr(rest, 1, 1)
				rest = substr(rest, 2)
			}
			rest = substr(rest, 2)
		}
		return text
	}
	function clean(text) {
		gsub(/\\/, "\\e", text)
		sub(/^[.\047]/, "\\\\\\&&", text)
		return text
	}
	{
		rest = $0
		name = take(); type = take()
		preset = take(); least = take(); most = take()
		meaning = take()
		print ".It Va " name
		if (meaning != "-")
			print clean(meaning) "."
		if (type == "unused")
			print "Accepted, but without effect."
		print ".br"
		if (type == "duration") type = "time"
		if (type == "raw") type = "text, expanded when it is used"
		if (type == "boolean") type = "yes or no"
		if (type == "count") type = "number"
		if (type == "unused") type = "any value"
		line = type
		if (least != "-" && least != "")
			line = line ", at least " least
		if (most != "-" && most != "")
			line = line ", at most " most
		print "Type: " clean(line)
		print ".br"
		print "Default: " (preset == "" ? "(empty)" : clean(preset))
	}'
}

others()
{
	cat <<'end'
.El
.Sh PARAMETERS WITHOUT EFFECT
These parameters of Postfix are known, so that its
.Nm
can be used as it is, but nothing here asks for them.
.Pp
.Bl -item -compact
end
}

tail_of_page()
{
	cat <<'end'
.El
.Sh FILES
.Bl -tag -width /etc/weir/main.cf
.It Pa /etc/weir/main.cf
.El
.Sh SEE ALSO
.Xr master.cf 5 ,
.Xr weir 8
end
}

head_of_page
for file in */params.def; do
	rows "$file"
done | LC_ALL=C sort | items
others
{
	for file in */params.def; do
		rows "$file" | sed 's/ .*/ owned/'
	done
	known
} | LC_ALL=C sort | awk '
	$2 == "owned" { owned[$1] = 1; next }
	{ names[++n] = $1 }
	END { for (i = 1; i <= n; i++) if (!(names[i] in owned))
		print ".It\n.Va " names[i] }'
tail_of_page
