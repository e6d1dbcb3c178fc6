import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { pipe } from "slither-ts";
import { expect, onTestFinished, test } from "vitest";

interface Exported {
  readonly resourceSpans: {
    readonly scopeSpans: {
      readonly scope: { name: string };
      readonly spans: { name: string; kind: number }[];
    }[];
  }[];
}

test("a collector is sent the spans by OTLP", async () => {
  const received: Promise<unknown>[] = [];
  const collector = createServer((request: IncomingMessage, response) => {
    received.push(json(request));
    response.setHeader("content-type", "application/json").end("{}");
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void collector.close());
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  const exporter = new OTLPTraceExporter({ url: `http://127.0.0.1:${port}/v1/traces` });
  const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  provider.register();
  onTestFinished(() => trace.disable());
  await pipe<number>("copies")
    .node("copy", (n) => n)
    .run([1])
    .collect();
  await provider.shutdown();
  const exported = (await Promise.all(received)) as Exported[];
  const scopes = exported.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans),
  );
  expect(scopes.map(({ scope, spans }) => [scope.name, spans.map(({ name }) => name)])).toEqual([
    ["slither-ts", ["stage copy", "run copies"]],
  ]);
});
