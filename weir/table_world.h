/* table_world.h - the world of commands that look into lists: its tables. */
#ifndef WEIR_TABLE_WORLD_H
#define WEIR_TABLE_WORLD_H

struct world;

/* table_world(): answers world_find() alone. */
struct world *table_world(void);

#endif
