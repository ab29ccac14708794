/**
 * What {@code sluice train} needs besides the agent: a server that takes everything.
 *
 * <p>Only packaging comes here. Nothing in this package is loaded when the agent runs.
 */
package io.sluice.app.training;
