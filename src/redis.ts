export type { RemoteTable } from "./store.js";
export type {
  RemoteCacheOptions,
  RemoteClient,
  RemoteStoreOptions,
  RemoteTableDefinition,
  RemoteTableOptions,
} from "./stores/redis/options.js";
export { type RemoteStore, type RemoteStoreHandle, remoteStore, remoteTable } from "./stores/redis/store.js";
