#!/bin/sh
exec mariadb --host=127.0.0.1 --user=healthcheck --execute='SELECT 1' >/dev/null
