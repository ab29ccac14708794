/**
 * What the agent says about itself on stderr, one line for each event. Everything arrives here:
 * {@link System.Logger} of our rooms, SLF4J of the libraries (through slf4j-jdk14).
 *
 * <p>Written by whichever thread logs. Door: {@link io.sluice.app.log.SelfLog#configure}. Leave
 * alone: {@code SelfLog.Output.close}; the JDK closes every handler while our shutdown still has
 * something to say.
 */
package io.sluice.app.log;
