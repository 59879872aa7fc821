/* SPDX-FileCopyrightText: 2026 The maar authors
 * SPDX-License-Identifier: MIT
 *
 * malloc_shapes: the shapes on whatever malloc there is. See shapes.h.
 */
#include "shapes.h"

int main(int argc, char **argv)
{
	static const struct shape *const tables[] = { shapes_same, shapes_between, shapes_memory };

	return shape_main(argc, argv, tables, sizeof(tables) / sizeof(*tables));
}
