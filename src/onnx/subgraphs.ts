/** What belongs to the bodies of If, Loop and Scan. */
import type { GraphProto, NodeProto } from 'onnx-buf';

/** Every subgraph of a node, those inside subgraphs as well. Iterative. */
export function* bodies(node: NodeProto): Generator<GraphProto> {
  const open: GraphProto[] = [];
  const push = (from: NodeProto) => {
    for (const attribute of from.attribute) {
      if (attribute.g) open.push(attribute.g);
      // One by one: a list of a million is too long for the arguments of a call.
      for (const graph of attribute.graphs) open.push(graph);
    }
  };
  push(node);
  for (let body = open.pop(); body; body = open.pop()) {
    yield body;
    body.node.forEach(push);
  }
}

/** The nodes of all subgraphs of a node. */
export function innerNodes(node: NodeProto): NodeProto[] {
  return Array.from(bodies(node), (body) => body.node).flat();
}

/** Every tensor that the subgraphs of a node compute, take as an input or store. */
export function namesDefinedInside(node: NodeProto): Set<string> {
  const names = new Set<string>();
  for (const body of bodies(node)) {
    for (const { name } of [...body.input, ...body.initializer]) names.add(name);
    for (const inner of body.node) for (const name of inner.output) if (name !== '') names.add(name);
  }
  return names;
}
