// The program: what the proxy calls, and the filter.
export * from "@gcoredev/proxy-wasm-sdk-as/assembly/proxy";
import "./filter";
