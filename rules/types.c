/* types.c - see types.h.  The registry of table types. */
#include "rules/types.h"

#include <stddef.h>
#include <string.h>

#include "rules/table_cdb.h"
#include "rules/table_cidr.h"
#include "rules/table_class.h"
#include "rules/table_environ.h"
#include "rules/table_fail.h"
#include "rules/table_hash.h"
#include "rules/table_inline.h"
#include "rules/table_ldap.h"
#include "rules/table_lmdb.h"
#include "rules/table_memcache.h"
#include "rules/table_mysql.h"
#include "rules/table_nis.h"
#include "rules/table_pcre.h"
#include "rules/table_pgsql.h"
#include "rules/table_pipemap.h"
#include "rules/table_randmap.h"
#include "rules/table_redis.h"
#include "rules/table_regexp.h"
#include "rules/table_socketmap.h"
#include "rules/table_sqlite.h"
#include "rules/table_static.h"
#include "rules/table_tcp.h"
#include "rules/table_texthash.h"
#include "rules/table_unionmap.h"
#include "rules/table_unix.h"

const struct table_type *const types_all[] = {
	&table_hash_btree,
	&table_cdb,
	&table_cidr,
	&table_class,
	&table_hash_dbm,
	&table_environ,
	&table_fail,
	&table_hash,
	&table_inline,
	&table_ldap,
	&table_lmdb,
	&table_memcache,
	&table_mysql,
	&table_nis,
	&table_pcre,
	&table_pgsql,
	&table_pipemap,
	&table_randmap,
	&table_redis,
	&table_regexp,
	&table_socketmap,
	&table_sqlite,
	&table_static,
	&table_tcp,
	&table_texthash,
	&table_unionmap,
	&table_unix,
	NULL,
};

const struct table_type *
types_find(const char *name)
{
	for (size_t i = 0; types_all[i] != NULL; i++)
		if (strcmp(types_all[i]->name, name) == 0)
			return types_all[i];
	return NULL;
}
