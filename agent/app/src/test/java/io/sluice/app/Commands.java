package io.sluice.app;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;

/** A command of {@code sluice}, run in this JVM, with what it printed. */
record Commands(int exitCode, String output, String errors) {

    /** Runs the command line with these arguments. */
    static Commands run(String... arguments) {
        StringWriter output = new StringWriter();
        StringWriter errors = new StringWriter();
        CommandLine line =
                Sluice.commandLine()
                        .setOut(new PrintWriter(output))
                        .setErr(new PrintWriter(errors));
        int exitCode = line.execute(arguments);
        return new Commands(exitCode, output.toString(), errors.toString());
    }

    List<String> lines() {
        return output.lines().toList();
    }
}
