export { type DurableOptions, durable } from "./stores/durable/durable.js";
