/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Included in front of every source: functions that are too easy to misuse become compile errors. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof gets gmtime localtime asctime ctime tmpnam mktemp
#pragma GCC poison bcopy bzero
