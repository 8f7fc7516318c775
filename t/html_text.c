/* What is to be read of HTML, well and badly formed. */
#include "base/html_text.h"

#include <string.h>

#include "base/buf.h"
#include "t/tap.h"

static void
reads(const char *html, const char *want)
{
	size_t n = strlen(html);

	for (size_t step = 1; step <= n + 1; step += n > 0 ? n : 1) {
		struct html_text h = { 0 };
		struct buf out = { 0 };

		for (size_t i = 0; i < n; i += step)
			html_text_feed(
			    &h, html + i, n - i < step ? n - i : step, &out);
		html_text_end(&h, &out);
		is(buf_str(&out), want, "%s in steps of %zu: %s", html, step,
		    buf_str(&out));
		buf_free(&out);
	}
}

static void
test_tags(void)
{
	reads("", "");
	reads("plain", "plain\n");
	reads("via<b></b>gra", "viagra\n");
	reads("vi<font color=red>ag</font>ra", "viagra\n");
	reads("<p>one</p><p>two<br>three", "one\ntwo\nthree\n");
	reads("a\r\n  b\tc", "a b c\n");
	reads("  <div>  a </div>  ", "a\n");
	reads("<table><tr><td>a<td>b</table>", "a b\n");
	reads("a <b> b</b>", "a b\n");
	reads("via<unknown-element-of-some-length>gra", "via\ngra\n");
	reads("<P>a</P >b", "a\nb\n");
	/* Where a tag ends. */
	reads("<a title='>'>x</a>", "x\n");
	reads("<a title=\">\" href=/x>y</a>", "y\n");
	reads("<a b'c>d", "d\n");
	reads("<a b=c\">d", "d\n");
	reads("<a b = '>' >d", "d\n");
	reads("<a =\">d", "d\n");
	reads("<a b=>d", "d\n");
	reads("<b/x=\">\">d", "d\n");
	reads("a</>b</ x>c", "abc\n");
	/* What is no tag. */
	reads("1 < 2, a<3 <", "1 < 2, a<3 <\n");
	reads("a<", "a<\n");
	reads("a<<b>c", "a<c\n");
	reads("via<?php x ?>gra<!DOCTYPE html>", "viagra\n");
	reads("<a href=x", "");
}

static void
test_comments(void)
{
	reads("via<!-- x -->gra", "viagra\n");
	reads("via<!-- > -- x > -->gra", "viagra\n");
	reads("via<!-->gra", "viagra\n");
	reads("via<!--->gra", "viagra\n");
	reads("via<!---->gra", "viagra\n");
	reads("via<!--x--!>gra", "viagra\n");
	reads("via<!--!>x-->gra", "viagra\n");
	reads("via<!---!>x-->gra", "viagra\n");
	reads("via<!----!>gra", "viagra\n");
	reads("via<!-- x --->gra", "viagra\n");
	reads("via<!>gra<!x-->y", "viagray\n");
	reads("via<!->gra<!-x>.", "viagra.\n");
	reads("a<![CDATA[ b>c", "ac\n");
	reads("a<!-- b", "a\n");
}

static void
test_raw(void)
{
	reads("via<script>if (a<b) x('</p>');</script>gra", "via\ngra\n");
	reads("<style>p { }</STYLE>x", "x\n");
	reads("<script>a</scriptx></script y='>'>b", "b\n");
	reads("<script></script", "");
	reads("<script><</script>a", "a\n");
	reads("<script/>a</script>b", "b\n");
	reads("</script>a", "a\n");
}

static void
test_entities(void)
{
	reads("v&#105;agra &#x76;iagra &#X69;", "viagra viagra i\n");
	reads("a&amp;b &lt;b&gt; &quot;&apos;", "a&b <b> \"'\n");
	reads("&auml;&euro;&Afr;", "\xc3\xa4\xe2\x82\xac\xf0\x9d\x94\x84\n");
	reads("&shy;&ZeroWidthSpace;",
	    "\xc2\xad"
	    "\xe2\x80\x8b\n");
	reads("a&Tab;b&NewLine;c&period;", "a b c.\n");
	/* Old names need no semicolon, new ones do. */
	reads("&ampx &auml &euro x", "&x \xc3\xa4 &euro x\n");
	reads("&notit; &notin;", "\xc2\xacit; \xe2\x88\x89\n");
	reads("&#105agra &#x", "iagra &#x\n");
	reads("&#0;&#xD800;&#x110000;&#99999999999999999999;",
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
	reads("&#128;", "\xe2\x82\xac\n");
	reads("& && &; &x; &nosuchthing;", "& && &; &x; &nosuchthing;\n");
	reads("&aVeryLongNameThatIsNoneButGoesOnAndOn;",
	    "&aVeryLongNameThatIsNoneButGoesOnAndOn;\n");
	reads("&lt;b&gt;x", "<b>x\n");
	reads("a&amp", "a&\n");
	reads("a&<b>c", "a&c\n");
	reads("&&amp;", "&&\n");
}

int
main(void)
{
	test_tags();
	test_comments();
	test_raw();
	test_entities();
	return done_testing();
}
