/**
 * Opens the rooms and wires them: main, command line, configuration, health, metrics. The only room
 * with a metrics library.
 */
package io.sluice.app;
